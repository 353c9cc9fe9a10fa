#pragma once

#include <muster/master.hpp>

#include <string_view>

namespace muster::modules {

/// Runs a script inside a Node.js server (pomelo-admin's lib/modules/scripts.js), which needs
/// pomelo's system monitor switched on there. Client bodies:
///   {command:"run", serverId, script} -> what that server answers; C++ servers: not_supported;
///   {command:"list"} -> {"servers":[Node.js servers],"scripts":[]}.
/// pomelo's `get` and `save` of files at the master are refused: nothing needs them, and they reach
/// any file of the host. Level 1 but for `list`: a script may do anything.
class ScriptsMaster final : public AdminModule {
public:
    std::string_view id() const override { return "scripts"; }
    int requiredLevel(const JsonText& message) const override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

private:
    void run(MasterAgent& agent, const JsonText& message, Reply reply) const;
};

}  // namespace muster::modules
