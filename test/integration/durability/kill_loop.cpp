// Kills a durable broker in a loop, under load, and checks that it keeps what it acknowledged:
// no message lost to a persistent subscriber, online or away; QoS 2 delivered once; retained
// messages never older than acknowledged; subscriptions there, and gone once unsubscribed.
//
// usage: kill_loop --broker PROGRAM [--store FILE|own] [--kills N] [--seconds N] [--seed S]
#include "test/integration/durability/kill_world.hpp"
#include "test/support/temp_dir.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
    muster::test::TempDir folder;
    muster::test::KillOptions options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i], value = argv[i + 1];
        if (name == "--broker") options.broker = value;
        if (name == "--store") options.store = value == "own" ? folder.str() + "/store" : value;
        if (name == "--kills") options.kills = std::atoi(argv[i + 1]);
        if (name == "--seconds") options.time = std::chrono::seconds(std::atoi(argv[i + 1]));
        if (name == "--seed") options.seed = static_cast<std::uint32_t>(std::atoi(argv[i + 1]));
    }
    if (options.broker.empty()) {
        std::fprintf(
            stderr,
            "usage: kill_loop --broker PROGRAM [--store FILE|own] [--kills N] [--seconds N]\n"
            "       [--seed S]\n"
            "without --store nothing survives, and it says what is lost\n");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    return muster::test::runKillLoop(options) == 0 ? 0 : 1;
}
