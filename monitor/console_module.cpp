#include "monitor/console_module.hpp"

#include <muster/json.hpp>

#include <fstream>
#include <utility>

#include <unistd.h>

namespace muster {
namespace {

// proc_pid_statm(5): the second field is the resident set in pages; 0 if it cannot be read.
long long residentBytes() {
    std::ifstream statm("/proc/self/statm");
    long long total = 0;
    long long resident = 0;
    if (!(statm >> total >> resident)) return 0;
    return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

ConsoleModule::ConsoleModule(Hooks hooks)
    : hooks_(std::move(hooks)), start_(std::chrono::steady_clock::now()) {}

JsonText ConsoleModule::list(const ServerInfo& self) const {
    const auto uptime = std::chrono::steady_clock::now() - start_;
    const nlohmann::json body = {
        {"serverId", self.id},
        {"serverType", self.type},
        {"pid", self.pid},
        {"rss", residentBytes()},
        {"uptime", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()}};
    return jsonText(body);
}

void ConsoleModule::monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) {
    const auto body = parseJson(message);
    const auto signal =
        body && body->is_object() ? body->find("signal") : nlohmann::json::const_iterator();
    if (!body || !body->is_object() || signal == body->end() || !signal->is_string())
        return reply(Error(Errc::BadMessage, "expected an object with a signal"));
    const auto& name = signal->get_ref<const std::string&>();
    if (name == "list") return reply(list(agent.self()));
    if (name == "stop" || name == "restart") {
        reply(name == "stop" ? JsonText(R"({"status":"ok"})") : agent.self().info);
        return hooks_.stop();
    }
    if (name == "drain") {
        reply(JsonText(R"({"status":"ok"})"));
        return hooks_.drain();
    }
    if (name == "undrain" && hooks_.undrain) {
        reply(JsonText(R"({"status":"ok"})"));
        return hooks_.undrain();
    }
    reply(Error(Errc::NotSupported, "this server cannot do '" + name.substr(0, 64) + "'"));
}

}  // namespace muster
