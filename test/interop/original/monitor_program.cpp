#include <muster/json.hpp>
#include <muster/monitor.hpp>

#include <iostream>
#include <mutex>

/// A server with libmuster inside, told what to do on standard input, telling on standard output
/// what happens: one JSON object a line.   monitor_program URL ID TYPE TOKEN
namespace {

using muster::JsonText;
using muster::Result;

void tell(const std::string& what, nlohmann::json more = nlohmann::json::object()) {
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    more["what"] = what;
    std::cout << muster::jsonText(more) << std::endl;
}

nlohmann::json parsed(const JsonText& text) {
    const auto value = muster::parseJson(text);
    return value ? *value : nlohmann::json();
}

std::string nameOf(muster::MonitorEvent event) {
    static constexpr const char* kNames[] = {"connected", "registered", "disconnected",
                                             "refused",   "takenOver",  "dropped"};
    return kNames[static_cast<int>(event)];
}

muster::MonitorOptions optionsOf(char** arguments) {
    muster::MonitorOptions options;
    options.master = arguments[1];
    options.id = arguments[2];
    options.type = arguments[3];
    options.token = arguments[4];
    options.port = 31'000;
    options.info = R"({"frontend":"true"})";
    options.onEvent = [](muster::MonitorEvent event, std::string_view detail) {
        tell(nameOf(event), {{"detail", detail}});
    };
    return options;
}

void obey(muster::Monitor& monitor, const nlohmann::json& line) {
    const std::string what = line.value("what", "");
    const std::string moduleId = line.value("moduleId", "");
    const JsonText body = muster::jsonText(line.value("body", nlohmann::json()));
    if (what == "ready") return monitor.ready();
    if (what == "notify") return monitor.agent().notify(moduleId, body);
    monitor.agent().request(moduleId, body, [](const Result<JsonText>& result) {
        if (result)
            tell("answer", {{"result", parsed(*result)}});
        else
            tell("answer", {{"error", muster::errcName(result.error().code())},
                            {"detail", result.error().detail()}});
    });
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) return 2;
    muster::Monitor monitor(optionsOf(arguments));
    monitor.handle("echo", [](const JsonText& body) -> Result<JsonText> {
        tell("asked", {{"message", parsed(body)}});
        return body;
    });
    monitor.onServers([](const JsonText& servers) { tell("servers", {{"map", parsed(servers)}}); });
    monitor.onStop([] { tell("stop"); });
    if (const auto started = monitor.start(); !started) return 1;
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto command = muster::parseJson(line);
        if (!command || command->value("what", "") == "quit") break;
        obey(monitor, *command);
    }
    monitor.stop();
    tell("stopped");
    return 0;
}
