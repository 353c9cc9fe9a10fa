#include "app/master_parts.hpp"
#include "app/supervision.hpp"
#include "common/log.hpp"
#include "modules/bench/bench_master.hpp"
#include "modules/broker/broker_master.hpp"
#include "modules/console/console_master.hpp"
#include "modules/echo/echo_master.hpp"
#include "modules/process_info/process_info_master.hpp"
#include "modules/scripts/scripts_master.hpp"
#include "modules/system_info/system_info_master.hpp"
#include "modules/watch_server/watch_server_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

// Which modules a master has, and what each of them is given.
namespace muster::app {
namespace {

std::string textAt(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The console's record without the body, which may hold what should not be kept.
AuditRecord auditRecord(const JsonText& text) {
    const auto parsed = parseJson(text);
    if (!parsed || !parsed->is_object()) return {};
    AuditRecord record;
    record.user = textAt(*parsed, "id");
    record.clientId = textAt(*parsed, "clientId");
    record.level = parsed->value("level", 2);
    record.moduleId = textAt(*parsed, "moduleId");
    record.outcome = textAt(*parsed, "outcome");
    record.detail = textAt(*parsed, "cause");
    record.action = textAt(*parsed, "command");
    const auto body = parsed->find("body");
    if (body == parsed->end() || !body->is_object()) return record;
    for (const char* key : {"op", "signal", "comd"})
        if (record.action.empty()) record.action = textAt(*body, key);
    record.target = textAt(*body, "context");
    if (const auto ids = body->find("ids"); ids != body->end()) record.target = ids->dump();
    return record;
}

}  // namespace

void MasterProcess::Parts::addModules() {
    ConsoleOptions options;
    options.audit = [this](const JsonText& record) { audit_->record(auditRecord(record)); };
    console_.emplace(loop_, *agent_, *switches_, std::move(options));

    auto supervisor = std::make_unique<supervisor::SupervisorMaster>(
        loop_, *leadership_, config_,
        supervisorPorts(
            {config_, tokens_, loop_, *leadership_, *orders_, *events_, *authenticator_}));
    supervisor_ = supervisor.get();
    console_->add(std::move(supervisor));
    if (!config_.closeWatcher && !hasExtra("__masterwatcher__")) {
        std::vector<std::string> expected;
        for (const auto& server : config_.servers) expected.push_back(server.id);
        auto watcher = std::make_unique<modules::WatcherMaster>(std::move(expected), known_->all());
        watcher_ = watcher.get();
        watcher_->onForgotten([this](const std::string& id) { known_->gone(id); });
        supervisor_->onDown([this](const std::string& id) { watcher_->gone(id); });
        watcher_->onRecord([this](const std::string& id) { supervisor_->memberReady(id); });
        console_->add(std::move(watcher));
    }
    modules::WatchServerDeps watched;
    watched.modules = [this] { return console_->modules(); };
    watched.masterInfo = jsonText(
        {{"id", config_.masterId}, {"host", config_.masterHost}, {"port", config_.masterPort}});
    console_->add(std::make_unique<modules::WatchServerMaster>(std::move(watched)));

    modules::ConsoleDeps console;
    console.control = supervisor_;
    console.crons = &*crons_;
    console.now = [this] { return std::chrono::system_clock::to_time_t(loop_.wallTime()); };
    console.onStoppedAll = [this] { endWithServers(); };
    console.self.id = config_.masterId;
    console.self.type = "master";
    console_->add(std::make_unique<modules::ConsoleMaster>(std::move(console)));
    const bool isEmbedded = config_.broker.url.empty();
    console_->add(std::make_unique<modules::BrokerMaster>(isEmbedded ? &broker_->view() : nullptr));
    console_->add(std::make_unique<modules::SystemInfoMaster>());
    console_->add(std::make_unique<modules::ProcessInfoMaster>());
    console_->add(std::make_unique<modules::ScriptsMaster>());
    addOptionalModules();
    // Last, so that one with a built-in's id takes its place.
    for (auto& module : extra_) {
        if (module->id() == supervisor_->id())
            log::error("master", "a module of one's own cannot take the place of {}", module->id());
        else
            console_->add(std::move(module));
    }
    extra_.clear();
}

bool MasterProcess::Parts::hasExtra(std::string_view id) const {
    return std::any_of(extra_.begin(), extra_.end(),
                       [id](const auto& module) { return module->id() == id; });
}

void MasterProcess::Parts::addOptionalModules() {
    const auto isOn = [this](std::string_view name) {
        return std::find(config_.modules.begin(), config_.modules.end(), name) !=
               config_.modules.end();
    };
    if (isOn("echo")) console_->add(std::make_unique<modules::EchoMaster>());
    if (!isOn("bench")) return;
    modules::BenchDeps bench;
    bench.sockets = [this] { return broker_->connections(); };
    bench.pending = [this] { return std::uint64_t{agent_->openRequests()}; };
    console_->add(std::make_unique<modules::BenchMaster>(loop_, std::move(bench)));
}

void MasterProcess::Parts::memberReady(const std::string& id) {
    supervisor_->memberReady(id);
    if (watcher_ != nullptr) watcher_->recorded(id);
}

}  // namespace muster::app
