#include "test/fuzz/connection_check.hpp"
#include "test/support/random_packets.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// The fuzz target's promises without libFuzzer: over its corpus, and over seeded changes of it.
namespace muster::test {
namespace {

std::vector<std::string> corpus() {
    std::vector<std::string> scripts;
    for (const auto& entry : std::filesystem::directory_iterator(MUSTER_CONNECTION_CORPUS)) {
        std::ifstream file(entry.path(), std::ios::binary);
        scripts.emplace_back(std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>());
    }
    return scripts;
}

std::string randomRecords(RandomPackets& random, std::size_t count) {
    std::string script(count * kScriptRecord, '\0');
    for (char& c : script) c = static_cast<char>(random.below(256));
    return script;
}

}  // namespace

TEST(ConnectionReplay, KeepsItsPromisesOverTheCorpus) {
    const auto scripts = corpus();
    EXPECT_GE(scripts.size(), 100U);
    for (const std::string& script : scripts) checkConnections(script);
}

TEST(ConnectionReplay, KeepsItsPromisesOverChangesOfTheCorpus) {
    RandomPackets random(21);
    for (std::string script : corpus())
        for (int i = 0; i < 3; ++i) {
            const auto place = random.below(static_cast<std::uint32_t>(script.size()));
            script[place] = static_cast<char>(random.below(256));
            checkConnections(script);
        }
}

TEST(ConnectionReplay, KeepsItsPromisesOverRandomScripts) {
    RandomPackets random(22);
    for (int i = 0; i < 300; ++i) checkConnections(randomRecords(random, 1 + random.below(60)));
}

}  // namespace muster::test
