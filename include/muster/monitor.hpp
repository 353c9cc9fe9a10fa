#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The monitor to embed in a server: std only, C++17, no Boost and no Paho in sight.
namespace muster {

/// What a monitor-side module may do. Thread-safe; callbacks run where MonitorOptions::runOn says.
/// Mirrors pomelo-admin's MonitorAgent (lib/monitor/monitorAgent.js).
class MonitorAgent {
public:
    virtual ~MonitorAgent() = default;
    /// This server as registered.
    virtual const ServerInfo& self() const = 0;
    /// Sends `body` to `moduleId`'s masterHandler, without an answer. While the master is away it
    /// waits in a bounded queue (MonitorOptions::maxQueued; the oldest is dropped and counted).
    virtual void notify(std::string_view moduleId, JsonText body) = 0;
    /// Asks `moduleId`'s masterHandler. `done` is called exactly once: with the answer, the
    /// module's error, Timeout after `timeout`, or Closed when the monitor stops.
    virtual void request(std::string_view moduleId, JsonText body, Reply done,
                         std::chrono::milliseconds timeout = std::chrono::seconds(10)) = 0;
    /// Per-module value store of this process (pomelo's agent.set/get). get: "null" when absent.
    virtual void set(std::string_view moduleId, JsonText value) = 0;
    virtual JsonText get(std::string_view moduleId) const = 0;
};

/// The half of an admin module that lives in a monitored server.
class MonitorModule {
public:
    virtual ~MonitorModule() = default;
    /// Stable name of the module, the same as its master half's; 1 to 64 bytes.
    virtual std::string_view id() const = 0;
    /// Ask for tick() by time (pomelo's type 'push'). No value: never.
    virtual std::optional<Schedule> push() const { return std::nullopt; }
    /// Called once after registration, before any message.
    virtual void start(MonitorAgent& /*agent*/) {}
    /// A request or notify from the master. `reply` must be called once for requests; for a
    /// notify it is a no-op. Exceptions become Errc::Failed answers, never leave the monitor.
    virtual void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) = 0;
    virtual void tick(MonitorAgent& /*agent*/) {}
};

/// What the monitor tells its host process, through MonitorOptions::onEvent.
enum class MonitorEvent {
    Connected,     // transport up, not registered yet
    Registered,    // the master knows this server
    Disconnected,  // lost; reconnecting by itself with backoff (1 s doubling to 3 s, jittered)
    Refused,       // the master or broker refused the credentials; retried every 30 s
    TakenOver,     // another process registered with this id; retried every 30 s
    Dropped        // a queued notify was dropped; detail says how many so far
};

struct MonitorOptions {
    std::string id;     // required, [A-Za-z0-9._-]{1,64}
    std::string type;   // required, same alphabet
    std::string token;  // the server token of this type; empty if the master asks for none
    std::string master =
        "mqtt://127.0.0.1:3005";      // mqtt://, mqtts://; pomelo:// for an original master
    std::string cluster = "default";  // names the topic root muster/<cluster>
    std::string host = "127.0.0.1";   // what others are told to reach this server at
    int port = 0;
    JsonText info = "{}";  // further properties others are told, an object
    std::string caFile;    // mqtts: trust anchors; empty: the system's
    std::string certFile;  // mqtts: client certificate and key, optional
    std::string keyFile;
    std::size_t maxQueued = 1000;  // notifies kept while the master is away
    /// Built-in modules besides watchServer, systemInfo and nodeInfo, which every server has:
    /// "echo" and "bench" (for tests and measurements). A module that is add()ed replaces the
    /// built-in one of its id.
    std::vector<std::string> modules;
    /// Runs handlers and callbacks on the host's own loop: called from the monitor's thread with a
    /// function that the host must run soon, once, on the thread it chooses. Empty: the monitor's
    /// own thread.
    std::function<void(std::function<void()>)> runOn;
    /// 0 debug, 1 info, 2 warning, 3 error. Empty: silent. Called from the monitor's thread.
    std::function<void(int level, std::string_view line)> log;
    std::function<void(MonitorEvent event, std::string_view detail)> onEvent;

    /// Fills the options from the environment that `muster node` gives to servers it starts:
    /// MUSTER_ID, MUSTER_TYPE, MUSTER_TOKEN, MUSTER_MASTER, MUSTER_CLUSTER, MUSTER_HOST,
    /// MUSTER_PORT, MUSTER_INFO, MUSTER_CA. What is absent keeps its default.
    static MonitorOptions fromEnvironment();
};

/// One server's membership in a cluster. One object, one thread of its own; ~Monitor leaves the
/// cluster and joins. Never throws into, blocks or exits its host process. Thread-safe.
class Monitor {
public:
    explicit Monitor(MonitorOptions options);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// Adds a module; before start(). A second module of the same id replaces the first.
    void add(std::unique_ptr<MonitorModule> module);
    /// A module of one handler that answers at once. A thrown exception becomes an error answer.
    void handle(std::string moduleId, std::function<Result<JsonText>(const JsonText&)> handler);
    /// Notifies `moduleId` at the master with what `sample` returns, every `every`.
    void report(std::string moduleId, std::chrono::seconds every, std::function<JsonText()> sample);
    /// Called when the node or master asks this server to stop. Without one: SIGTERM to oneself.
    void onStop(std::function<void()> callback);
    /// Called when the server is asked to drain: accept no new work, finish what there is.
    /// When it returns, muster counts on it: a server that is empty then may be stopped. A new
    /// master asks once more.
    void onDrain(std::function<void()> callback);
    /// Called when a server that was asked to drain may take new work again.
    void onUndrain(std::function<void()> callback);
    /// Watches servers of the cluster: called with the whole map after each change, as a JSON
    /// object id -> info (what pomelo's __monitorwatcher__ delivers).
    void onServers(std::function<void(const JsonText& servers)> callback);

    /// Starts connecting and returns at once; BadMessage if an option is unusable, and then
    /// nothing is started. A master that is away is not an error.
    Result<void> start();
    /// Tells node and master that this server now serves. Call once, after start().
    void ready();
    /// Number of sessions (players, rooms, calls) that must not be interrupted; 0 or more.
    void setBusy(std::int64_t count);
    /// Leaves the cluster (a clean goodbye, no will) and joins the thread; at most 2 s. Idempotent.
    void stop();
    MonitorAgent& agent();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster
