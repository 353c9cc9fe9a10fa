#pragma once

#include <muster/master.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace muster::modules {

/// The latest sample of each member, for modules that monitors report to with
/// {"serverId","body":{...}}. A member that left takes its sample along. On the master's thread.
class Samples {
public:
    /// Forgets members as they leave. `agent` may outlive this.
    void follow(MasterAgent& agent);
    /// BadMessage if it is no report, or longer than 256 KiB.
    Result<void> take(const ServerInfo& from, const JsonText& message);
    /// By server id: the `body` of what it reported, as text.
    const std::map<std::string, JsonText>& all() const { return *samples_; }

private:
    // Shared with the listener that follows the members.
    std::shared_ptr<std::map<std::string, JsonText>> samples_ =
        std::make_shared<std::map<std::string, JsonText>>();
};

}  // namespace muster::modules
