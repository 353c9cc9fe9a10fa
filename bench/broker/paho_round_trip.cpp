// A round trip as Paho C++ makes it, with Nagle's algorithm on: one QoS 1 message in flight from
// one client to another.
//
//   muster_paho_round_trip --port P [--rounds 200]
//
// Prints its quantiles as one line of JSON. Loopback only.
#include "bench/broker/measure.hpp"

#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <mqtt/async_client.h>
#include <unistd.h>

namespace {

using namespace muster::bench;

constexpr const char* kRequests = "bench/paho/request";
constexpr const char* kAnswers = "bench/paho/answer";
constexpr std::chrono::seconds kPatience{5};

/// A client that is connected and reads one topic.
class Party {
public:
    Party(const std::string& address, const std::string& id, const std::string& topic)
        : client_(address, id) {
        client_.start_consuming();
        client_.connect()->wait();
        client_.subscribe(topic, 1)->wait();
    }
    void publish(const char* topic, const std::string& text) {
        client_.publish(topic, text, 1, false);
    }
    std::string next() {
        mqtt::const_message_ptr message;
        if (!client_.try_consume_message_for(&message, kPatience) || !message)
            throw std::runtime_error("no message came");
        return message->to_string();
    }
    ~Party() { client_.disconnect()->wait(); }
    Party(const Party&) = delete;
    Party& operator=(const Party&) = delete;

private:
    mqtt::async_client client_;
};

void run(const std::string& address, int rounds) {
    constexpr int kWarmUp = 10;
    const std::string id = std::to_string(::getpid());
    Party asker(address, "asker-" + id, kAnswers), answerer(address, "answerer-" + id, kRequests);
    Samples times;
    const std::string text(64, 'x');
    for (int i = 0; i < rounds + kWarmUp; ++i) {
        const std::uint64_t begin = nowNs();
        asker.publish(kRequests, text);
        answerer.publish(kAnswers, answerer.next());
        (void)asker.next();  // its text is ours
        if (i >= kWarmUp) times.add(nowNs() - begin);
    }
    Row().add("p50Us", times.us(.5)).add("p99Us", times.us(.99)).print();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("round trips of Paho C++ at QoS 1");
    int port = 0, rounds = 200;
    app.add_option("--port", port, "of 127.0.0.1")->required();
    app.add_option("--rounds", rounds)->check(CLI::Range(1, 100'000));
    CLI11_PARSE(app, argc, argv);
    try {
        run("tcp://127.0.0.1:" + std::to_string(port), rounds);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
