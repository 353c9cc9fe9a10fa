// Compares our topic filters, UTF-8 check and codec with other implementations on generated inputs.
// usage: differential [--count N] [--seed S] topics|utf8|packets
// packets needs MUSTER_NODE_MODULES, a folder with node_modules/mqtt-packet (scripts/npm_setup.sh).
#include "test/differential/report.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int usage() {
    std::fprintf(stderr, "usage: differential [--count N] [--seed S] topics|utf8|packets\n");
    return 2;
}

bool compare(std::string_view what, std::size_t count, std::uint32_t seed) {
    using namespace muster::test;
    if (what == "topics") return compareTopics(count, seed);
    if (what == "utf8") return compareUtf8(count, seed);
    const char* modules = std::getenv("MUSTER_NODE_MODULES");
    return comparePackets(count, seed,
                          {"node", MUSTER_CODEC_PEER, modules != nullptr ? modules : "."});
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 20'000;
    std::uint32_t seed = 1;
    std::string_view what;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const bool hasValue = i + 1 < argc;
        if (argument == "--count" && hasValue) {
            count = std::strtoull(argv[++i], nullptr, 10);
        } else if (argument == "--seed" && hasValue) {
            seed = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
        } else {
            what = argument;
        }
    }
    if (what != "topics" && what != "utf8" && what != "packets") return usage();
    std::printf("seed %u\n", seed);
    return compare(what, count, seed) ? 0 : 1;
}
