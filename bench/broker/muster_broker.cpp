// muster's broker alone in a process, for all who come: what the comparison measures.
//
//   muster_bench_broker --port P
//
// Until SIGTERM. Loopback only.
#include "master/async/asio_loop.hpp"
#include "master/mqtt/broker_ticker.hpp"
#include "master/mqtt/listener.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

namespace {

using namespace muster;

/// Everybody may everything.
class OpenAccess final : public mqtt::AccessControl {
public:
    void authenticate(mqtt::Credentials credentials,
                      std::function<void(mqtt::AuthResult)> done) override {
        done({mqtt::ReasonCode::Success, {credentials.clientId, 0, {}}, {}});
    }
    bool mayPublish(const mqtt::ClientIdentity&, std::string_view) const override { return true; }
    bool mayRead(const mqtt::ClientIdentity&, std::string_view) const override { return true; }
    bool maySubscribe(const mqtt::ClientIdentity&, std::string_view) const override { return true; }
};

int run(std::uint16_t port) {
    boost::asio::io_context context(1);
    AsioLoop loop(context);
    OpenAccess access;
    mqtt::Broker broker({}, access, "bench");
    mqtt::BrokerTicker ticker(loop, broker);
    mqtt::ListenerOptions options;
    options.port = port;
    mqtt::Listener listener(loop, broker, options);
    if (const auto started = listener.start(); !started) {
        std::fprintf(stderr, "%s\n", started.error().detail().c_str());
        return 1;
    }
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code&, int) {
        listener.stop();
        context.stop();
    });
    context.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("muster's broker alone, for the comparison");
    std::uint16_t port = 0;
    app.add_option("--port", port, "of 127.0.0.1")->required();
    CLI11_PARSE(app, argc, argv);
    return run(port);
}
