#pragma once

#include "modules/gather.hpp"

#include <muster/master.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// What the watchServer module shows of the master itself.
struct WatchServerDeps {
    std::function<std::vector<std::string>()> modules;  // all module ids
    JsonText masterConfig = "{}";                       // without secrets
    JsonText masterInfo = "{}";                         // {id, host, port}
};

/// Looks into servers (pomelo-admin's lib/modules/watchServer.js), with the answers that pomelo-cli
/// indexes into. Client bodies: {comd, context, param}; context is a server id or "all".
///   servers -> {"msg":{id:row}}; connections, logins -> {"msg":{id:counts}} of frontends;
///   modules -> {"msg":[ids]}; status -> {"msg":{serverId,body}};
///   config, proxy, handler, components, settings, get, set, enable, disable, run, memory, cpu ->
///   what that server answers: C++ servers say not_supported to what only JavaScript can do.
/// Level 1 for set, enable, disable, run, memory and cpu.
class WatchServerMaster final : public AdminModule {
public:
    explicit WatchServerMaster(WatchServerDeps deps) : deps_(std::move(deps)) {}
    std::string_view id() const override { return "watchServer"; }
    int requiredLevel(const JsonText& message) const override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

private:
    void servers(MasterAgent& agent, Reply reply) const;
    void connections(MasterAgent& agent, const std::string& comd, const std::string& context,
                     Reply reply) const;
    void forward(MasterAgent& agent, const std::string& comd, const std::string& context,
                 const nlohmann::json& body, Reply reply) const;

    WatchServerDeps deps_;
    SharedAnswers looks_;
};

}  // namespace muster::modules
