// The broker as a process of its own, for tests and measurements: no master, and everybody may do
// everything. Prints "listening PORT" (and "websocket PORT" before) once it accepts connections;
// ends at SIGTERM, or with the process that started it.
//
// usage: broker_program [--host ADDRESS] [--port PORT] [--ws PORT] [--store FILE] [--web-socket]
//                       [--cert FILE --key FILE [--client-ca FILE]] [limits, see --help]
#include "master/async/asio_loop.hpp"
#include "master/mqtt/broker_ticker.hpp"
#include "master/mqtt/listener.hpp"
#include "master/session_store/sqlite_session_store.hpp"
#include "test/support/open_access.hpp"

#include <csignal>
#include <cstdio>
#include <random>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <sys/prctl.h>

using namespace muster;

namespace {

struct Options {
    mqtt::BrokerLimits limits;
    mqtt::ListenerOptions listener;
    std::string store;  // file; empty: nothing is kept
    bool hasPowerDurability = false;
    std::optional<std::uint16_t> webSocketPort;  // none: no such listener
};

void addLimits(CLI::App& app, Options& options) {
    mqtt::BrokerLimits& limits = options.limits;
    app.add_option("--max-connections", options.listener.maxConnections);
    app.add_option("--max-packet-size", limits.decode.maxPacketSize, "bytes");
    app.add_option("--max-sessions", limits.maxSessions);
    app.add_option("--max-subscriptions", limits.maxSubscriptions, "of one session");
    app.add_option("--receive-maximum", limits.receiveMaximum, "QoS 2 messages of one client");
    app.add_option("--max-in-flight", limits.maxInFlight, "messages to one client");
    app.add_option("--max-queued-messages", limits.maxQueuedMessages, "of one session");
    app.add_option("--max-queued-bytes", limits.maxQueuedBytes, "of one session");
    app.add_option("--max-output-bytes", limits.maxOutputBytes, "unsent, of one connection");
    app.add_option("--max-retained", limits.maxRetained);
    app.add_option("--max-retained-bytes", limits.maxRetainedBytes);
}

void addStreams(CLI::App& app, Options& options) {
    mqtt::ListenerOptions& listener = options.listener;
    app.add_flag_callback("--web-socket", [&listener] { listener.webSocket.emplace(); });
    const auto file = [&](const char* name, std::string TlsFiles::*place) {
        app.add_option_function<std::string>(name, [&listener, place](const std::string& path) {
            if (!listener.tls) listener.tls.emplace();
            (*listener.tls).*place = path;
        });
    };
    file("--cert", &TlsFiles::certificate);
    file("--key", &TlsFiles::key);
    file("--client-ca", &TlsFiles::clientCa);
}

// Assigned client ids of two runs must differ.
std::string randomSeed() {
    std::random_device device;
    return std::to_string(device());
}

int fail(const Error& error) {
    std::fprintf(stderr, "broker_program: %s\n", std::string(error.detail()).c_str());
    return 1;
}

int run(const Options& options) {
    boost::asio::io_context context{1};
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const auto& error, int) {
        if (!error) context.stop();
    });
    AsioLoop loop(context);
    test::OpenAccess access;
    std::unique_ptr<mqtt::SqliteSessionStore> store;
    if (!options.store.empty()) {
        auto opened =
            mqtt::SqliteSessionStore::open(loop, options.store, options.hasPowerDurability);
        if (!opened) return fail(opened.error());
        store = std::move(*opened);
    }
    mqtt::Broker broker(options.limits, access, randomSeed());
    if (store)
        if (const auto restored = broker.restore(*store, loop.now()); !restored)
            return fail(restored.error());
    mqtt::BrokerTicker ticker(loop, broker);
    mqtt::Listener listener(loop, broker, options.listener);
    if (const auto started = listener.start(); !started) return fail(started.error());
    mqtt::ListenerOptions webSocket = options.listener;
    webSocket.port = options.webSocketPort.value_or(0);
    webSocket.webSocket.emplace();
    mqtt::Listener webSocketListener(loop, broker, webSocket);
    if (options.webSocketPort) {
        if (const auto started = webSocketListener.start(); !started) return fail(started.error());
        std::printf("websocket %d\n", int{webSocketListener.port()});
    }
    std::printf("listening %d\n", int{listener.port()});
    std::fflush(stdout);
    context.run();
    webSocketListener.stop();
    listener.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing is left behind by a test that crashed
    Options options;
    CLI::App app("muster's MQTT broker alone, open to everybody; for tests and measurements");
    app.add_option("--host", options.listener.host, "address to listen on");
    app.add_option("--port", options.listener.port, "0: any free one");
    app.add_option("--ws", options.webSocketPort, "a WebSocket listener too; 0: any free port");
    app.add_option("--store", options.store, "file for sessions and retained messages");
    app.add_flag("--power", options.hasPowerDurability, "an fsync for each group");
    addLimits(app, options);
    addStreams(app, options);
    CLI11_PARSE(app, argc, argv);
    return run(options);
}
