#pragma once

#include "common/process/process_settings.hpp"
#include "common/tls/tls_context.hpp"

#include <muster/types.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The whole configuration of a cluster as values: read once by config_reader, passed down by
/// reference. No pointers, comparable, copyable.
namespace muster::config {

/// How a server is started. Never a shell: argv goes to execve as it is.
struct Command {
    std::vector<std::string>
        argv;         // ${id} ${type} ${host} ${port} ${clientPort} ${env} ${base} expand
    std::string cwd;  // empty: the config's base directory
    std::map<std::string, std::string> env;  // added to muster's own MUSTER_* variables
    std::string user;                        // empty: as the node runs
    bool operator==(const Command&) const = default;
};

struct RestartPolicy {
    enum class When { Always, OnFailure, Never } when = When::Always;
    std::chrono::milliseconds first{0};   // delay before the first restart
    std::chrono::milliseconds base{500};  // then base, doubling, with +-20 % jitter
    std::chrono::milliseconds cap{30'000};
    std::chrono::milliseconds resetAfter{60'000};  // stable this long: counts from the start again
    int max = 0;                                   // restarts in a row; 0: for ever
    bool operator==(const RestartPolicy&) const = default;
};

struct StopPolicy {
    int signal = 15;
    std::chrono::milliseconds timeout{10'000};  // then SIGKILL to the whole group
    bool operator==(const StopPolicy&) const = default;
};

struct Readiness {
    enum class Kind { Start, Monitor, Tcp, Log, Command } kind = Kind::Start;
    int port = 0;                   // Tcp; 0: the server's own port
    std::string pattern;            // Log: text that a line contains
    std::vector<std::string> argv;  // Command: exit status 0 means ready
    std::chrono::milliseconds timeout{60'000};
    bool operator==(const Readiness&) const = default;
};

/// How a server that is ready is looked at, again and again.
struct Liveness {
    enum class Kind { None, Tcp, Command } kind = Kind::None;
    int port = 0;                   // Tcp; 0: the server's own port
    std::vector<std::string> argv;  // Command: exit status 0 means that it lives
    std::chrono::milliseconds interval{10'000};
    std::chrono::milliseconds timeout{5'000};  // of one look
    int failures = 3;                          // in a row: unresponsive
    bool operator==(const Liveness&) const = default;
};

/// What is done about a server that is unresponsive.
enum class OnUnresponsive { Report, Restart };

/// What holds for all servers of one type.
struct ServerType {
    std::string type;
    Command command;
    RestartPolicy restart;
    StopPolicy stop;
    Readiness readiness;
    Liveness liveness;
    OnUnresponsive onUnresponsive = OnUnresponsive::Report;
    ProcessSettings process;
    std::vector<std::string> dependsOn;  // types that must be ready first; acyclic
    bool isPomelo = false;               // started as pomelo starts its Node.js servers
    bool operator==(const ServerType&) const = default;
};

/// One server of servers.json (cluster entries already expanded).
struct Server {
    std::string id;
    std::string type;
    std::string host = "127.0.0.1";
    int port = 0;        // 0: none
    int clientPort = 0;  // 0: none
    bool frontend = false;
    std::optional<int> cpu;
    bool autoRestart = false;
    bool restartForce = false;
    std::vector<std::string> args;  // interpreter arguments before the main script
    JsonText properties = "{}";  // every key of the entry, in file order, as pomelo passes them on
    bool operator==(const Server&) const = default;
};

struct User {
    std::string id;
    std::string username;
    std::string password;  // clear text (pomelo's file), or "$argon2id$..." of md5hex(password)
    int level = 2;         // 1 all, 2 read only; 0: none (may log in, may do nothing restricted)
    bool operator==(const User&) const = default;
};

struct ServerToken {
    std::string type;
    std::string token;
    bool operator==(const ServerToken&) const = default;
};

struct Cron {
    std::string id;
    std::string serverType;
    std::string serverId;  // empty: all servers of the type
    std::string time;      // six fields, pomelo-scheduler's format
    std::string action;    // "file.method"
    bool operator==(const Cron&) const = default;
};

struct Listener {
    enum class Protocol { Mqtt, Mqtts, Ws, Wss };
    std::string host = "127.0.0.1";
    int port = 3005;
    bool insecure = false;  // allow a non-loopback address without authentication
    bool pomelo = true;     // recognise pomelo peers here; Mqtt only
    Protocol protocol = Protocol::Mqtt;
    std::string path = "/mqtt";        // Ws, Wss
    std::vector<std::string> origins;  // of pages that may connect, beside the host's own; Ws, Wss
    std::optional<TlsFiles> tls;       // exactly for Mqtts and Wss; absolute paths
    std::string ca;  // what this host's clients trust it by; absolute, or empty: the system's
    bool operator==(const Listener&) const = default;
};

struct ExternalBroker {
    std::string url;  // mqtt://host:port, mqtts://...; empty: the embedded broker
    std::string username = "master";
    std::string password;
    std::string caFile, certFile, keyFile;
    bool operator==(const ExternalBroker&) const = default;
};

struct Limits {
    std::size_t maxConnections = 10'000;
    std::size_t maxPacketSize = 1 << 20;      // bytes
    std::size_t maxQueuedPerSession = 1'000;  // messages
    std::size_t maxQueuedBytesPerSession = 8 << 20;
    std::size_t maxRetained = 1'000'000;
    std::size_t maxPendingRequests = 100'000;
    std::size_t maxSubscriptionsPerClient = 1'000;
    std::size_t maxFilterBytesPerClient = 1 << 20;
    std::size_t maxSubscriptionBytes = 256 << 20;  // in memory, over all clients
    std::size_t maxConnectionsPerAddress = 0;      // 0: no bound
    std::size_t maxHalfOpen = 1'000;               // connections without a session yet
    std::chrono::milliseconds connectTimeout{10'000};
    std::size_t maxConnectSize = 64 << 10;  // bytes
    std::size_t maxUserProperties = 32;     // of one packet
    std::size_t maxUserPropertyBytes = 8 << 10;
    std::size_t maxSessions = 100'000;
    std::size_t maxTopicLevels = 128;
    std::size_t maxRetainedBytes = 256 << 20;
    std::size_t maxQueuedBytes = 256 << 20;  // over all sessions
    std::size_t maxUnstoredBytes = 4 << 20;  // that one user's clients are ahead of the store
    std::size_t maxOutputBytes = 8 << 20;    // unsent, of one connection
    std::size_t messageRate = 0;             // messages per second of one connection; 0: any
    std::size_t byteRate = 0;                // bytes per second of one connection; 0: any
    int maxKeepAlive = 0;                    // seconds; 0: any
    std::chrono::milliseconds slowConsumerTimeout{60'000};  // 0: never
    bool operator==(const Limits&) const = default;
};

/// Where Prometheus finds /metrics.
struct Metrics {
    std::string host = "127.0.0.1";
    int port = 9464;
    bool operator==(const Metrics&) const = default;
};

/// How many servers may be starting at one time: ordered, and not ready yet.
struct StartWidth {
    std::size_t width = 0;       // of the whole cluster; 0: no bound
    std::size_t hostWidth = 64;  // of one host; 0: no bound
    bool operator==(const StartWidth&) const = default;
};

struct PomeloPolicy {
    enum class Reconnect { Known, Closed } reconnect = Reconnect::Known;
    bool operator==(const PomeloPolicy&) const = default;
};

struct Cluster {
    std::string name = "default";  // muster.json "cluster": names the topic root
    std::string env = "development";
    std::string base;            // absolute; the directory that holds config/
    std::string stateDirectory;  // absolute
    std::string masterId = "master-server-1";
    std::string masterHost = "127.0.0.1";
    int masterPort = 3005;
    bool closeWatcher = false;
    bool standAlone = false;          // start the master only
    std::vector<Listener> listeners;  // at least one
    ExternalBroker broker;
    bool powerDurability = false;  // durability: "power"; else "process"
    std::vector<Server> servers;   // in file order
    std::map<std::string, ServerType> types;
    std::vector<User> users;
    bool hasServerTokens = false;  // adminServer.json exists
    std::vector<ServerToken> serverTokens;
    std::vector<Cron> crons;
    std::vector<std::string> modules;  // optional built-in modules switched on, e.g. "echo"
    StartWidth start;
    Limits limits;
    std::chrono::milliseconds sysInterval{10'000};  // of $SYS; 0: off
    std::optional<Metrics> metrics;                 // none: no HTTP listener
    PomeloPolicy pomelo;
    bool operator==(const Cluster&) const = default;
};

/// One problem of a config, with its place and cure.
struct Problem {
    std::string file;     // as given, e.g. "config/servers.json"
    int line = 0;         // 1-based; 0: the file as a whole
    std::string pointer;  // JSON pointer, e.g. "/area/2/port"
    std::string text;     // what is wrong, and how to cure it
    bool isWarning = false;
};

struct LoadResult {
    std::optional<Cluster> cluster;  // set exactly if no problem is an error
    std::vector<Problem> problems;   // errors and warnings, in file and line order
};

/// Reads the configuration below `path` (a directory that holds `config/`, or the config directory
/// itself, or a muster.json file). `env` empty: MUSTER_ENV, NODE_ENV, else "development".
/// Reports all problems at once; never throws.
LoadResult load(const std::string& path, const std::string& env);

/// The same for who only wants to reach the master: certificates and keys, which may be nobody's
/// but the master's to read, are not opened.
LoadResult loadForClient(const std::string& path, const std::string& env);

/// Whether ./config holds a configuration, good or bad, in either layout; `env` as for load().
bool isConfigHere(const std::string& env);

/// Whether `url` is mqtt://host:port or mqtts://host:port, and nothing more.
bool isBrokerUrl(std::string_view url);

/// `problem` as one line: "config/servers.json:12: /area/2/port: 70000 is above 65535: ...".
std::string describe(const Problem& problem);

}  // namespace muster::config
