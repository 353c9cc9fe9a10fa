#include "test/fuzz/codec_check.hpp"
#include "test/support/random_packets.hpp"
#include "test/unit/mqtt/codec_test_support.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

// The fuzz target's promises without libFuzzer: over its corpus, and over seeded mutations.
namespace muster::mqtt::test {
namespace {

using muster::test::checkCodec;
using muster::test::RandomPackets;

std::vector<std::string> corpus() {
    std::vector<std::string> inputs;
    for (const auto& entry : std::filesystem::directory_iterator(MUSTER_CODEC_CORPUS)) {
        std::ifstream file(entry.path(), std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

/// Changes, drops, doubles or adds a few bytes.
void mutate(RandomPackets& random, std::string& bytes) {
    for (auto count = 1 + random.below(4); count > 0 && bytes.size() > 1; --count) {
        const auto place = 1 + random.below(static_cast<std::uint32_t>(bytes.size() - 1));
        switch (random.below(4)) {
            case 0: bytes[place] = static_cast<char>(random.below(256)); break;
            case 1: bytes[place] = static_cast<char>(bytes[place] ^ (1 << random.below(8))); break;
            case 2: bytes.erase(place, 1 + random.below(4)); break;
            default: bytes.insert(place, 1 + random.below(3), static_cast<char>(random.below(256)));
        }
    }
}

/// The byte that chooses version and sender in checkCodec().
char choice(Version version, From from) {
    // 3 + n % 3 is the version; 0x80 + 1 is divisible by three
    const unsigned of = static_cast<unsigned>(version) - 3;
    return static_cast<char>(from == From::Client ? of : 0x81 + of);
}

}  // namespace

TEST(CodecReplay, KeepsItsPromisesOverTheCorpus) {
    const auto inputs = corpus();
    EXPECT_GE(inputs.size(), 30U);
    for (const std::string& input : inputs) checkCodec(input);
}

TEST(CodecReplay, KeepsItsPromisesOverMutationsOfTheCorpus) {
    RandomPackets random(11);
    for (const std::string& input : corpus())
        for (int i = 0; i < 300; ++i) {
            std::string mutated = input;
            mutate(random, mutated);
            checkCodec(mutated);
        }
}

TEST(CodecReplay, KeepsItsPromisesOverMutationsOfRandomPackets) {
    RandomPackets random(12);
    for (int i = 0; i < 20'000; ++i) {
        const auto version = static_cast<Version>(3 + random.below(3));
        const auto from = random.below(2) == 0 ? From::Client : From::Server;
        const auto index = random.below(std::variant_size_v<Packet>);
        if (!RandomPackets::exists(index, version, from)) continue;
        std::string input(1, choice(version, from));
        encode(random.make(index, version, from), version, input);
        mutate(random, input);
        checkCodec(input);
    }
}

}  // namespace muster::mqtt::test
