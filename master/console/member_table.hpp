#pragma once

#include "common/event_loop.hpp"
#include "master/console/presence.hpp"

#include <muster/master.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster {

/// What others are told when the table changed.
struct MemberChange {
    MemberEvent event;
    ServerInfo server;
};
using MemberChanges = std::vector<MemberChange>;

struct Member {
    ServerInfo server;
    std::string state = "online";  // of presence; "offline" while it is away for a moment
    std::int64_t busy = 0;
    std::string version;                // as its presence says; empty: not told
    std::optional<TimePoint> leavesAt;  // set while it is away: then it has left
    bool isDoubted = false;             // not heard of since the broker was lost
    bool isAway() const { return leavesAt.has_value(); }
};

/// Who is in the cluster: native members by their presence records, pomelo peers by their
/// connections. Pure. A member that is lost and back within the grace time is never told to
/// others as gone; a leave of an older life does not touch the newer one; a new life of an id is
/// told as the old one's leave and the new one's joining.
class MemberTable {
public:
    explicit MemberTable(std::chrono::milliseconds grace = std::chrono::seconds(3))
        : grace_(grace) {}

    /// A record of a native member. An `offline` after `stopping` was meant, so others are told at
    /// once. Beyond kMaxMembers newcomers are not taken.
    MemberChanges presence(Presence presence, TimePoint now);
    /// A pomelo peer registered or came back. It is the same life if pid, host and port are.
    MemberChanges join(ServerInfo server, bool isReconnect);
    /// A pomelo peer's connection ended; it has `grace` to come back, unless it said goodbye.
    MemberChanges leave(std::string_view id, TimePoint now, bool wasMeant);
    /// The record of a native member was erased: it has `grace` to write it again.
    void erased(std::string_view id, TimePoint now);
    /// The broker was lost and is back: who left meanwhile was not heard. Native members have to
    /// say their presence again; each that does is told as one that came back.
    void doubtAll();
    /// Those who did not have left.
    MemberChanges dropDoubted();
    std::size_t doubted() const;
    /// Those whose grace time is over.
    MemberChanges tick(TimePoint now);
    /// When tick() has something to do next.
    std::optional<TimePoint> nextLeave() const;

    /// Valid until the member changes. Null: unknown.
    const Member* find(std::string_view id) const;
    /// All, in order of their ids; those away for a moment too.
    std::vector<ServerInfo> servers() const;
    bool hasType(std::string_view type) const;
    std::size_t size() const { return members_.size(); }
    std::size_t pomeloMembers() const { return pomeloMembers_; }

    static constexpr std::size_t kMaxMembers = 20'000;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const noexcept {
            return std::hash<std::string_view>{}(id);
        }
    };
    using Members = std::unordered_map<std::string, Member, Hash, std::equal_to<>>;

    void insert(Member member);
    ServerInfo remove(Members::iterator member);
    MemberChanges replace(Members::iterator old, Member next, MemberEvent event);
    void depart(Member& member, TimePoint at);
    void stay(Member& member);

    std::chrono::milliseconds grace_;
    Members members_;
    std::map<std::string, std::size_t, std::less<>> types_;  // type -> how many
    std::multimap<TimePoint, std::string> leaving_;
    std::size_t pomeloMembers_ = 0;
};

}  // namespace muster
