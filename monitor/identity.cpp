#include "monitor/identity.hpp"

#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "muster_version.hpp"

#include <muster/json.hpp>

#include <unistd.h>

namespace muster {
namespace {

constexpr std::size_t kMaxInfo = 64 * 1024;

Error unusable(const std::string& what) {
    return Error(Errc::BadMessage, "monitor options: " + what);
}

bool isKnownScheme(const std::string& url) {
    return url.rfind("mqtt://", 0) == 0 || url.rfind("mqtts://", 0) == 0 ||
           url.rfind("pomelo://", 0) == 0;
}

Result<void> check(const MonitorOptions& options) {
    // A JavaScript master that keys a table with this name loses the table.
    if (options.id == "__proto__" || options.type == "__proto__")
        return unusable("id and type must not be '__proto__'");
    if (!wire::isValidId(options.id) || options.id == wire::kMasterName ||
        options.id == wire::kAnonymousName)
        return unusable("id '" + options.id + "' must be 1 to 64 of A-Z a-z 0-9 . _ - and not '" +
                        std::string(wire::kMasterName) + "' or '" +
                        std::string(wire::kAnonymousName) + "'");
    if (!wire::isValidId(options.type))
        return unusable("type '" + options.type + "' must be 1 to 64 of A-Z a-z 0-9 . _ -");
    if (!wire::isValidId(options.cluster))
        return unusable("cluster '" + options.cluster + "' must be 1 to 64 of A-Z a-z 0-9 . _ -");
    if (!isKnownScheme(options.master))
        return unusable("master must be a URL like mqtt://host:port, mqtts:// or pomelo://");
    if (options.port < 0 || options.port > 65535)
        return unusable("port " + std::to_string(options.port) + " is not in 0 to 65535");
    if (options.info.size() > kMaxInfo) return unusable("info is longer than 64 KiB");
    return {};
}

}  // namespace

std::string_view stateName(PresenceState state) {
    switch (state) {
        case PresenceState::Online: return "online";
        case PresenceState::Ready: return "ready";
        case PresenceState::Draining: return "draining";
        case PresenceState::Stopping: return "stopping";
        case PresenceState::Offline: break;
    }
    return "offline";
}

Result<MonitorIdentity> makeIdentity(const MonitorOptions& options) {
    if (auto ok = check(options); !ok) return ok.error();
    auto info = parseJson(options.info.empty() ? "{}" : options.info);
    if (!info || !info->is_object()) return unusable("info must be a JSON object");

    MonitorIdentity identity;
    identity.info = jsonText(*info);
    identity.self.id = options.id;
    identity.self.type = options.type;
    identity.self.host = options.host;
    identity.self.port = options.port;
    identity.self.pid = ::getpid();
    identity.self.incarnation = wire::makeNonce();
    info->update({{"id", options.id},
                  {"serverType", options.type},
                  {"host", options.host},
                  {"port", options.port},
                  {"pid", identity.self.pid}});
    identity.self.info = jsonText(*info);
    identity.token = options.token;
    identity.url = options.master;
    identity.cluster = options.cluster;
    identity.caFile = options.caFile;
    identity.certFile = options.certFile;
    identity.keyFile = options.keyFile;
    return identity;
}

std::string presenceJson(const MonitorIdentity& identity, PresenceState state, std::int64_t busy,
                         WallTime now) {
    const ServerInfo& self = identity.self;
    nlohmann::json record = {{"v", wire::kProtocolVersion},
                             {"time", wire::formatTime(now)},
                             {"state", stateName(state)},
                             {"type", self.type},
                             {"host", self.host},
                             {"port", self.port},
                             {"pid", self.pid},
                             {"incarnation", self.incarnation},
                             {"busy", busy},
                             {"protocol", wire::kProtocolVersion},
                             {"version", kVersion}};
    record["info"] = nlohmann::json::parse(identity.info);
    return jsonText(record);
}

std::string metricJson(const JsonText& sample, WallTime now) {
    if (sample.size() < 2 || sample.front() != '{') return {};
    std::string record = R"({"v":)" + std::to_string(wire::kProtocolVersion) + R"(,"time":")" +
                         wire::formatTime(now) + '"';
    if (sample != "{}") record += ',';
    return record + sample.substr(1);
}

}  // namespace muster
