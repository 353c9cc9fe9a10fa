#pragma once

#include "modules/watcher/watch_list.hpp"

#include <muster/master.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::modules {

/// Tells servers of each other (pomelo's `__masterwatcher__`, pomelo lib/modules/masterwatcher.js):
/// who subscribes gets the map of all servers and then each addition and removal at its
/// `__monitorwatcher__`; once all configured servers are up, everybody is told startOver. On the
/// master's thread.
class WatcherMaster final : public AdminModule {
public:
    /// `expected`: ids of the configured servers; startOver comes when all have recorded.
    /// `remembered`: who was here when the last master ended; they have kPatience to come back.
    explicit WatcherMaster(std::vector<std::string> expected,
                           std::vector<ServerInfo> remembered = {});
    ~WatcherMaster() override;

    static constexpr std::chrono::seconds kPace{10};
    /// From the last one on that came, while this master is connected and anybody is here; a
    /// monitor tries to connect every 3 s. In total at most kMaxPatience.
    static constexpr std::chrono::seconds kPatience{20};
    static constexpr std::chrono::seconds kMaxPatience{120};

    std::string_view id() const override { return "__masterwatcher__"; }
    void start(MasterAgent& agent) override;
    void stop() override;
    /// Who missed something is told again: there may be no news to tell for a long time.
    std::optional<Schedule> pull() const override { return Schedule{kPace, kPace}; }
    void tick(MasterAgent& agent) override;
    /// {"action": subscribe | unsubscribe | query | record}; the server is the sender.
    void masterHandler(MasterAgent& agent, const ServerInfo& from, const JsonText& message,
                       Reply reply) override;
    int requiredLevel(const JsonText&) const override { return 2; }
    /// {"action":"query"} for administrators: the same map.
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

    /// The server says by its presence that it is ready: as good as a `record`.
    void recorded(const std::string& serverId);
    /// Its node says that `serverId`, which is not here, has no process.
    void gone(const std::string& serverId);
    /// Whether the master reaches its broker: nobody can come while it does not.
    void setConnected(bool isConnected) { isConnected_ = isConnected; }
    /// Told of those who were remembered and did not come in time, or have no process.
    void onForgotten(std::function<void(const std::string& serverId)> listener) {
        onForgotten_ = std::move(listener);
    }
    /// Told of each `record`: a server has finished its start.
    void onRecord(std::function<void(const std::string& serverId)> listener) {
        onRecord_ = std::move(listener);
    }

private:
    void onMember(MemberEvent event, const ServerInfo& server);
    void forgetRemembered(const MasterAgent& agent);
    void push(const std::vector<WatchList::Push>& pushes);
    void onPushed(const std::string& serverId, const Result<JsonText>& result);

    WatchList list_;
    std::chrono::seconds waited_{0};  // for those who are remembered, since one came
    std::chrono::seconds waitedInAll_{0};
    std::size_t missing_ = 0;  // of them, at the last tick
    bool isConnected_ = true;
    std::function<void(const std::string&)> onRecord_;
    std::function<void(const std::string&)> onForgotten_;
    MasterAgent* agent_ = nullptr;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::modules
