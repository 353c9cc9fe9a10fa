// A master of nothing but what unmodified pomelo peers talk to: listener, gateway, agent, console.
// Prints "READY <port>"; ends when standard input does.
//   muster_harness_master STATE_DIRECTORY PORT [TYPE=TOKEN ...]   (port 0: any)
#include "common/log.hpp"
#include "master/async/asio_loop.hpp"
#include "master/cluster/sqlite_store.hpp"
#include "master/console/config_authenticator.hpp"
#include "master/console/console_service.hpp"
#include "master/console/master_agent.hpp"
#include "master/console/pomelo_gateway.hpp"
#include "master/console/topic_access.hpp"
#include "master/mqtt/broker_ticker.hpp"
#include "master/mqtt/embedded_client.hpp"
#include "master/mqtt/listener.hpp"
#include "test/interop/harness_modules.hpp"

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <unistd.h>

namespace muster {
namespace {

class Switches final : public ModuleSwitches {
public:
    bool isEnabled(std::string_view moduleId) const override { return !off_.contains(moduleId); }
    void save(std::string_view moduleId, bool isEnabled) override {
        if (isEnabled)
            off_.erase(std::string(moduleId));
        else
            off_.insert(std::string(moduleId));
    }

private:
    std::set<std::string, std::less<>> off_;
};

config::Cluster clusterOf(int count, char** arguments) {
    config::Cluster cluster;
    cluster.name = "interop";
    cluster.users = {{"1", "boss", "secret", 1}, {"2", "viewer", "look", 2}};
    for (int i = 3; i < count; ++i) {
        const std::string text = arguments[i];
        const auto equals = text.find('=');
        cluster.hasServerTokens = true;
        cluster.serverTokens.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    return cluster;
}

PomeloGateway::Options gatewayOptions(const ConfigAuthenticator& authenticator) {
    PomeloGateway::Options options;
    options.mayJoin = [&authenticator](const ServerInfo& server) {
        return authenticator.mayBePomeloServer(server.id, server.type);
    };
    return options;
}

/// Ends the loop when the test that started this program is gone.
class ParentWatch {
public:
    explicit ParentWatch(boost::asio::io_context& context)
        : context_(context), input_(context, ::dup(STDIN_FILENO)) {
        watch();
    }

private:
    void watch() {
        input_.async_read_some(boost::asio::buffer(buffer_), [this](auto error, std::size_t) {
            if (error) return context_.stop();
            watch();
        });
    }
    boost::asio::io_context& context_;
    boost::asio::posix::stream_descriptor input_;
    char buffer_[64] = {};
};

int run(int count, char** arguments) {
    const auto tokens = readOrCreateTokens(arguments[1]);
    if (!tokens) return std::fprintf(stderr, "%s\n", tokens.error().detail().c_str()), 1;
    boost::asio::io_context context(1);
    AsioLoop loop(context);
    ConfigAuthenticator authenticator(loop, clusterOf(count, arguments), *tokens);
    TopicAccess access(authenticator, {"interop", false, {}});
    mqtt::Broker broker({}, access, "interop");
    mqtt::BrokerTicker ticker(loop, broker);
    const std::string file = std::string(arguments[1]) + "/state.db";
    auto store = SqliteStore::open(loop, file, false);
    if (!store) return std::fprintf(stderr, "%s\n", store.error().detail().c_str()), 1;
    StoredPomeloRegistrations registrations(loop, **store);
    PomeloGateway gateway(loop, authenticator, registrations, gatewayOptions(authenticator));
    mqtt::EmbeddedClient client(loop, broker, TopicAccess::masterIdentity());
    MasterAgentImpl agent(loop, client, authenticator,
                          {"interop", std::chrono::seconds(3), 10'000});
    agent.attach(&gateway);
    gateway.attach(agent);
    Switches switches;
    ConsoleService console(loop, agent, switches, {});
    test::addHarnessModules(console);
    broker.setForeignProtocol({{"register", "reconnect", "monitor", "client"}, &gateway});
    mqtt::ConnectOptions options;
    options.clientId = "muster-interop-leader";
    agent.start(std::move(options), console);
    agent.setLeadership(1, "interop");
    mqtt::ListenerOptions where;
    where.port = static_cast<std::uint16_t>(std::strtoul(arguments[2], nullptr, 10));
    mqtt::Listener listener(loop, broker, where);
    if (auto started = console.start(); !started) return 1;
    if (auto started = listener.start(); !started) return 1;
    std::printf("READY %d\n", listener.port());
    std::fflush(stdout);
    ParentWatch parent(context);
    context.run();
    listener.stop();
    console.stop();
    agent.stop();
    return 0;
}

}  // namespace
}  // namespace muster

int main(int count, char** arguments) {
    if (count < 3) return 2;
    return muster::run(count, arguments);
}
