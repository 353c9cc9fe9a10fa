// Puts one kind of load on an MQTT broker and prints what was seen as one line of JSON.
//
//   muster_mqtt_load KIND --port P [--pid SERVER] [--qos 0|1] [--size 64] [--seconds 3] ...
//
// KIND: stream, fanout, roundtrip, connections, idle, offline (load.hpp). `rate` is of messages,
// deliveries, round trips or connections a second, `cpuUs` the server's CPU microseconds for each,
// `lost` and `repeated` (or out of order) by sequence numbers. Loopback only; ends by itself.
#include "bench/broker/load.hpp"

#include <cstdio>
#include <exception>
#include <map>

#include <CLI/CLI.hpp>
#include <signal.h>
#include <unistd.h>

namespace {

using namespace muster::bench;

using Load = void (*)(const LoadOptions&);
const std::map<std::string, Load> kLoads{
    {"stream", loadStream},           {"fanout", loadFanOut}, {"roundtrip", loadRoundTrip},
    {"connections", loadConnections}, {"idle", loadIdle},     {"offline", loadOffline},
};
constexpr unsigned kLongestSeconds = 120;  // a broker that stalls ends the program

void addOptions(CLI::App& app, LoadOptions& options) {
    app.add_option("--port", options.port, "of the broker on 127.0.0.1")->required();
    app.add_option("--pid", options.serverPid, "the broker's, for its CPU and memory");
    app.add_option("--qos", options.qos)->check(CLI::Range(0, 1));
    app.add_option("--size", options.size, "bytes of a payload")->check(CLI::Range(16, 65'536));
    app.add_option("--seconds", options.seconds, "of measuring")->check(CLI::Range(0.1, 60.0));
    app.add_option("--window", options.window, "stream, offline: messages in flight of one pair")
        ->check(CLI::Range(1, 60'000));
    app.add_option("--pairs", options.pairs, "stream: publishers with a subscriber each")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--subscribers", options.subscribers, "fanout")->check(CLI::Range(1, 20'000));
    app.add_option("--rounds", options.rounds, "fanout: messages")->check(CLI::Range(1, 100'000));
    app.add_option("--in-flight", options.inFlight, "roundtrip")->check(CLI::Range(1, 10'000));
    app.add_option("--flood", options.flood, "roundtrip: beside retained messages of that size")
        ->check(CLI::Range(16, 1'000'000));
    app.add_option("--count", options.count, "connections, idle: connections; offline: messages")
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--concurrency", options.concurrency, "connections: at once")
        ->check(CLI::Range(1, 10'000));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("load for an MQTT broker");
    std::string kind;
    LoadOptions options;
    app.add_option("kind", kind)->required()->check(CLI::IsMember(kLoads));
    addOptions(app, options);
    CLI11_PARSE(app, argc, argv);
    ::alarm(kLongestSeconds);
    try {
        kLoads.at(kind)(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
