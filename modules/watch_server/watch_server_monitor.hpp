#pragma once

#include <muster/monitor.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// What a C++ server lets be seen of it (pomelo-admin's lib/modules/watchServer.js, monitor half):
/// servers, status, config, settings, get, set, enable, disable. What only a JavaScript server can
/// do, and connections, answer NotSupported.
class WatchServerMonitor final : public MonitorModule {
public:
    /// `config`: the configuration of that name as a JSON object; empty: none. May be null.
    explicit WatchServerMonitor(std::function<JsonText(std::string_view name)> config = {})
        : config_(std::move(config)) {}
    std::string_view id() const override { return "watchServer"; }
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;
    /// Whether `key` was switched on by `enable`.
    bool isEnabled(const std::string& key) const;

private:
    Result<JsonText> answer(const ServerInfo& self, const std::string& comd,
                            const nlohmann::json& body);
    Result<JsonText> get(const std::string& key) const;
    Result<JsonText> set(const nlohmann::json& body);
    Result<JsonText> enable(const std::string& key, bool isOn);
    JsonText settings() const;

    std::function<JsonText(std::string_view)> config_;
    std::map<std::string, JsonText> settings_;  // at most kMaxSettings
};

}  // namespace muster::modules
