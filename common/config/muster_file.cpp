#include "common/config/draft.hpp"
#include "common/config/fields.hpp"
#include "common/config/take.hpp"

#include <charconv>
#include <filesystem>

#include <fmt/core.h>
#include <string.h>

namespace muster::config {
namespace {

using Kind = JsonValue::Kind;

void readBroker(const SourceFile& source, Draft& draft) {
    const JsonValue* value = source.value.find("broker");
    if (value == nullptr) return;
    ExternalBroker& broker = draft.cluster.broker;
    draft.broker = source.at(*value, "/broker");
    if (value->kind == Kind::String) {
        broker.url = value->text;
        return;
    }
    take(*value, "url", broker.url);
    take(*value, "username", broker.username);
    take(*value, "password", broker.password);
    take(*value, "caFile", broker.caFile);
    take(*value, "certFile", broker.certFile);
    take(*value, "keyFile", broker.keyFile);
    if (value->kind == Kind::Object && value->find("url") == nullptr)
        draft.problems.error(*draft.broker, "has no url: add one like \"mqtt://127.0.0.1:1883\"");
}

void readLimits(const JsonValue& root, Limits& limits) {
    const JsonValue* value = root.find("limits");
    if (value == nullptr) return;
    takeInteger(*value, "maxConnections", limits.maxConnections);
    takeInteger(*value, "maxPacketSize", limits.maxPacketSize);
    takeInteger(*value, "maxQueuedPerSession", limits.maxQueuedPerSession);
    takeInteger(*value, "maxQueuedBytesPerSession", limits.maxQueuedBytesPerSession);
    takeInteger(*value, "maxRetained", limits.maxRetained);
    takeInteger(*value, "maxPendingRequests", limits.maxPendingRequests);
    takeInteger(*value, "maxSubscriptionsPerClient", limits.maxSubscriptionsPerClient);
    takeInteger(*value, "maxFilterBytesPerClient", limits.maxFilterBytesPerClient);
    takeInteger(*value, "maxSubscriptionBytes", limits.maxSubscriptionBytes);
    takeInteger(*value, "maxConnectionsPerAddress", limits.maxConnectionsPerAddress);
    takeInteger(*value, "maxHalfOpen", limits.maxHalfOpen);
    take(*value, "connectTimeout", limits.connectTimeout);
    takeInteger(*value, "maxConnectSize", limits.maxConnectSize);
    takeInteger(*value, "maxUserProperties", limits.maxUserProperties);
    takeInteger(*value, "maxUserPropertyBytes", limits.maxUserPropertyBytes);
    takeInteger(*value, "maxSessions", limits.maxSessions);
    takeInteger(*value, "maxTopicLevels", limits.maxTopicLevels);
    takeInteger(*value, "maxRetainedBytes", limits.maxRetainedBytes);
    takeInteger(*value, "maxQueuedBytes", limits.maxQueuedBytes);
    takeInteger(*value, "maxUnstoredBytes", limits.maxUnstoredBytes);
    takeInteger(*value, "maxOutputBytes", limits.maxOutputBytes);
    takeInteger(*value, "messageRate", limits.messageRate);
    takeInteger(*value, "byteRate", limits.byteRate);
    takeInteger(*value, "maxKeepAlive", limits.maxKeepAlive);
    take(*value, "slowConsumerTimeout", limits.slowConsumerTimeout);
}

Command readCommand(const JsonValue& value) {
    Command command;
    if (value.kind == Kind::Array) {
        command.argv = texts(&value);
        return command;
    }
    command.argv = texts(value.find("argv"));
    take(value, "cwd", command.cwd);
    take(value, "user", command.user);
    if (const JsonValue* env = value.find("env"))
        for (const auto& variable : env->members) command.env[variable.key] = variable.value.text;
    return command;
}

RestartPolicy readRestart(const JsonValue& value) {
    RestartPolicy restart;
    const std::string when = word(value, "when");
    if (when == "on-failure") restart.when = RestartPolicy::When::OnFailure;
    if (when == "never") restart.when = RestartPolicy::When::Never;
    take(value, "first", restart.first);
    take(value, "base", restart.base);
    take(value, "cap", restart.cap);
    take(value, "resetAfter", restart.resetAfter);
    takeInteger(value, "max", restart.max);
    return restart;
}

/// 0: there is no such signal.
int signalNumber(std::string name) {
    if (name.starts_with("SIG")) name = name.substr(3);
    for (int number = 1; number < 32; ++number) {
        const char* known = sigabbrev_np(number);
        if (known != nullptr && name == known) return number;
    }
    return 0;
}

constexpr std::int64_t kLeastMemory = 1 << 20;
constexpr std::int64_t kMostMemory = std::int64_t{1} << 50;

/// A whole number and KiB, MiB or GiB.
std::optional<std::int64_t> parseSize(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || number <= 0) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const int shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : 0;
    if (shift == 0 || number > (kMostMemory >> shift)) return std::nullopt;
    return number << shift;
}

std::vector<std::string> signalNames() {
    std::vector<std::string> names;
    for (int number = 1; number < 32; ++number)
        if (const char* known = sigabbrev_np(number)) names.emplace_back(known);
    return names;
}

/// Reads the settings of one type; `pointer` is where they stand.
class TypeReader {
public:
    TypeReader(const SourceFile& source, const JsonValue& value, std::string pointer, Draft& draft)
        : source_(source), value_(value), pointer_(std::move(pointer)), draft_(draft) {}

    ServerType read(const std::string& name) {
        ServerType type;
        type.type = name;
        if (const JsonValue* command = value_.find("command")) {
            type.command = readCommand(*command);
            draft_.withCommand.insert(name);
            if (command->kind == Kind::Object && command->find("argv") == nullptr)
                error(*command, "/command",
                      "has no argv: add the program and its arguments as a list");
        }
        readProcess(type.process);
        take(value_, "pomelo", type.isPomelo);
        type.dependsOn = texts(value_.find("dependsOn"));
        if (const JsonValue* on = value_.find("dependsOn"))
            draft_.dependencies[name] = source_.at(*on, pointer_ + "/dependsOn");
        if (const JsonValue* restart = value_.find("restart")) readRestartOf(*restart, type);
        if (const JsonValue* stop = value_.find("stop")) readStop(*stop, type.stop);
        if (const JsonValue* readiness = value_.find("readiness"))
            readReadiness(*readiness, type.readiness);
        if (const JsonValue* liveness = value_.find("liveness"))
            readLiveness(*liveness, type.liveness);
        if (word(value_, "onUnresponsive") == "restart")
            type.onUnresponsive = OnUnresponsive::Restart;
        return type;
    }

private:
    void error(const JsonValue& value, const std::string& below, std::string text) {
        draft_.problems.error(source_.at(value, pointer_ + below), std::move(text));
    }

    void readProcess(ProcessSettings& process) {
        if (const JsonValue* command = value_.find("command")) {
            if (const JsonValue* nice = command->find("nice"); nice != nullptr && nice->integer)
                process.nice = static_cast<int>(*nice->integer);
            if (const JsonValue* umask = command->find("umask")) readUmask(*umask, process);
            process.sockets = texts(command->find("sockets"));
            if (const JsonValue* cpus = command->find("cpus"))
                for (const auto& cpu : cpus->elements)
                    if (cpu.integer) process.cpus.push_back(static_cast<int>(*cpu.integer));
        }
        if (const JsonValue* limits = value_.find("limits")) readLimitsOf(*limits, process);
        if (const JsonValue* limits = value_.find("rlimits"))
            for (const auto& member : limits->members)
                if (member.value.integer) process.rlimits[member.key] = *member.value.integer;
    }

    void readLimitsOf(const JsonValue& value, ProcessSettings& process) {
        takeInteger(value, "cpuMax", process.cpuMax);
        takeInteger(value, "cpuWeight", process.cpuWeight);
        takeInteger(value, "pidsMax", process.pidsMax);
        const JsonValue* memory = value.find("memoryMax");
        if (memory == nullptr || memory->kind != Kind::String) return;
        const auto bytes = parseSize(memory->text);
        if (bytes && *bytes >= kLeastMemory) {
            process.memoryMax = *bytes;
            return;
        }
        error(*memory, "/limits/memoryMax",
              fmt::format("\"{}\" is no size of memory: write a whole number and KiB, MiB or GiB, "
                          "like \"256MiB\", of 1 MiB at least",
                          memory->text));
    }

    void readUmask(const JsonValue& value, ProcessSettings& process) {
        if (value.kind != Kind::String) return;
        const auto& text = value.text;
        const auto [end, failure] =
            std::from_chars(text.data(), text.data() + text.size(), process.umask, 8);
        if (failure == std::errc() && end == text.data() + text.size() && process.umask >= 0 &&
            process.umask <= 0777)
            return;
        process.umask = ProcessSettings().umask;
        error(
            value, "/command/umask",
            fmt::format("\"{}\" is no umask: give an octal number up to 0777, like \"027\"", text));
    }

    void readRestartOf(const JsonValue& value, ServerType& type) {
        type.restart = readRestart(value);
        if (type.restart.cap < type.restart.base)
            error(value, "/restart", "cap is below base: make it the larger of the two");
    }

    void readStop(const JsonValue& value, StopPolicy& stop) {
        take(value, "timeout", stop.timeout);
        const JsonValue* name = value.find("signal");
        if (name == nullptr || name->kind != Kind::String) return;
        stop.signal = signalNumber(name->text);
        if (stop.signal == 0)
            error(*name, "/stop/signal",
                  fmt::format("there is no signal \"{}\".{} Usual: TERM, INT, HUP, QUIT.",
                              name->text, suggestion(name->text, signalNames())));
    }

    void readReadiness(const JsonValue& value, Readiness& readiness) {
        using enum Readiness::Kind;
        static const std::map<std::string, Readiness::Kind> kKinds = {
            {"start", Start},
            {"monitor", Monitor},
            {"tcp", Tcp},
            {"log", Log},
            {"command", Readiness::Kind::Command}};
        const auto kind = kKinds.find(word(value, "kind"));
        if (kind != kKinds.end()) readiness.kind = kind->second;
        takeInteger(value, "port", readiness.port);
        take(value, "pattern", readiness.pattern);
        readiness.argv = texts(value.find("argv"));
        take(value, "timeout", readiness.timeout);
        if (readiness.kind == Log && readiness.pattern.empty())
            error(value, "/readiness", "kind \"log\" needs a pattern: add the text to wait for");
        if (readiness.kind == Readiness::Kind::Command && readiness.argv.empty())
            error(value, "/readiness",
                  "kind \"command\" needs argv: add the program and its arguments");
    }

    void readLiveness(const JsonValue& value, Liveness& liveness) {
        if (value.kind != Kind::Object) return;
        const std::string kind = word(value, "kind");
        if (kind == "tcp") liveness.kind = Liveness::Kind::Tcp;
        if (kind == "command") liveness.kind = Liveness::Kind::Command;
        takeInteger(value, "port", liveness.port);
        liveness.argv = texts(value.find("argv"));
        take(value, "interval", liveness.interval);
        take(value, "timeout", liveness.timeout);
        takeInteger(value, "failures", liveness.failures);
        if (value.find("kind") == nullptr)
            error(value, "/liveness", "has no kind: add \"kind\": \"tcp\" or \"command\"");
        if (liveness.kind == Liveness::Kind::Command && liveness.argv.empty())
            error(value, "/liveness",
                  "kind \"command\" needs argv: add the program and its arguments");
    }

    const SourceFile& source_;
    const JsonValue& value_;
    std::string pointer_;
    Draft& draft_;
};

void readTypes(const SourceFile& source, Draft& draft) {
    const JsonValue* types = source.value.find("types");
    if (types == nullptr || types->kind != Kind::Object) return;
    for (const auto& member : types->members) {
        const std::string pointer = childPointer("/types", member.key);
        draft.types[member.key] = {source.file, member.line, source.pointer + pointer};
        draft.cluster.types[member.key] =
            TypeReader(source, member.value, pointer, draft).read(member.key);
        // Absent keys get their defaults once app.js and servers.json are known.
        if (member.value.find("readiness") == nullptr ||
            member.value.find("readiness")->find("kind") == nullptr)
            draft.withoutReadiness.insert(member.key);
        if (member.value.find("pomelo") == nullptr) draft.withoutPomelo.insert(member.key);
    }
}

}  // namespace

void readMuster(const SourceFile& source, Draft& draft) {
    checkFields(source.value, source.file, draft.problems);
    if (source.value.kind != Kind::Object) return;
    Cluster& cluster = draft.cluster;
    take(source.value, "cluster", cluster.name);
    if (const JsonValue* name = source.value.find("cluster"))
        draft.clusterName = source.at(*name, "/cluster");
    take(source.value, "closeWatcher", cluster.closeWatcher);
    if (source.value.find("mode") != nullptr)
        cluster.standAlone = word(source.value, "mode") == "stand-alone";
    cluster.powerDurability = word(source.value, "durability") == "power";
    const std::string state = word(source.value, "stateDirectory");
    if (!state.empty())
        draft.stateDirectory = source.at(*source.value.find("stateDirectory"), "/stateDirectory");
    if (!state.empty())
        cluster.stateDirectory =
            (std::filesystem::path(cluster.base) / state).lexically_normal().string();
    if (const JsonValue* pomelo = source.value.find("pomelo"))
        if (word(*pomelo, "reconnect") == "closed")
            cluster.pomelo.reconnect = PomeloPolicy::Reconnect::Closed;
    cluster.modules = texts(source.value.find("modules"));
    readListeners(source, draft);
    readBroker(source, draft);
    if (const JsonValue* start = source.value.find("start")) {
        takeInteger(*start, "width", cluster.start.width);
        takeInteger(*start, "hostWidth", cluster.start.hostWidth);
    }
    readLimits(source.value, cluster.limits);
    take(source.value, "sysInterval", cluster.sysInterval);
    if (const JsonValue* metrics = source.value.find("metrics")) {
        cluster.metrics.emplace();
        take(*metrics, "host", cluster.metrics->host);
        takeInteger(*metrics, "port", cluster.metrics->port);
    }
    readTypes(source, draft);
}

}  // namespace muster::config
