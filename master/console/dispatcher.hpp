#pragma once

#include <muster/master.hpp>

#include <string_view>

namespace muster {

/// Where the agent delivers what arrives for modules: the ConsoleService. On the master's thread.
/// An empty `reply` means a notify; else it is called exactly once, now or later.
class Dispatcher {
public:
    virtual ~Dispatcher() = default;
    virtual void fromMonitor(const ServerInfo& from, std::string_view moduleId,
                             const JsonText& body, Reply reply) = 0;
    virtual void fromClient(const Caller& caller, std::string_view moduleId, const JsonText& body,
                            Reply reply) = 0;
    /// "list", "enable" or "disable" (pomelo-admin's command()); `moduleId` may be empty.
    virtual void command(const Caller& caller, std::string_view command, std::string_view moduleId,
                         Reply reply) = 0;
};

}  // namespace muster
