#pragma once

#include <muster/master.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muster::modules {

/// Who is watched by whom, and what each watcher must be told. Pure.
/// A watcher that missed something (a failed push) gets the whole map: with the next news instead
/// of the news alone, or when it is time to catch up; so does one that comes back.
class WatchList {
public:
    /// A message to one watcher's `__monitorwatcher__`.
    struct Push {
        std::string to;
        JsonText body;
    };
    using Pushes = std::vector<Push>;

    /// `remembered`: who was here when the last master ended. They count as here until they come,
    /// or are found to be gone: servers must not lose each other only because a master is new.
    explicit WatchList(std::vector<std::string> expected, std::vector<ServerInfo> remembered = {});

    /// A server joined, came back, or left. One that came back speaking pomelo watches again, since
    /// such a server does not subscribe a second time.
    Pushes member(MemberEvent event, const ServerInfo& server);
    /// From now on `id` is told of changes; it is up to date with servers().
    void subscribe(const std::string& id);
    void unsubscribe(const std::string& id);
    /// `id` has no process: if it is only remembered, it is gone.
    Pushes gone(const std::string& id);
    /// Those who are only remembered had their time to come.
    Pushes forgetRemembered();
    std::vector<std::string> remembered() const;
    /// `id` is fully started. Told startOver: everybody, when the last expected one records; a
    /// later one, at once.
    Pushes record(const std::string& id);
    /// A push to `id` did not arrive.
    void missed(const std::string& id);
    /// The whole map to everybody who missed something since.
    Pushes catchUp();

    /// {id: info}, with pid, and the incarnation of those that have one.
    JsonText servers() const;
    bool isStartedOver() const { return isStartedOver_; }

private:
    struct Watcher {
        bool isBehind = false;
    };
    void cameBack(const ServerInfo& server, Pushes& pushes);
    Pushes tellOthers(const std::string& about, const JsonText& body);
    Push whole(const std::string& to) const;
    void addStartOver(Pushes& pushes);

    std::map<std::string, JsonText> servers_;  // id -> info
    std::map<std::string, Watcher> watchers_;
    std::map<std::string, ServerInfo> remembered_;  // of servers_, those who have not come yet
    std::set<std::string> missing_;                 // expected, and not recorded yet
    std::set<std::string> recorded_;                // of those that are here
    std::set<std::string> startedOver_;             // told startOver in this life
    bool isStartedOver_ = false;
};

}  // namespace muster::modules
