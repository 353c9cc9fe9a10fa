#include "master/console/member_table.hpp"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

bool isSameLife(const ServerInfo& known, const ServerInfo& shown) {
    if (known.isPomelo != shown.isPomelo) return false;
    if (!known.isPomelo) return known.incarnation == shown.incarnation;
    return known.pid == shown.pid && known.host == shown.host && known.port == shown.port;
}

}  // namespace

MemberChanges MemberTable::presence(Presence presence, TimePoint now) {
    const auto known = members_.find(presence.server.id);
    const bool isOffline = presence.state == "offline";
    if (known == members_.end()) {
        if (isOffline || members_.size() >= kMaxMembers) return {};
        MemberChanges changes{{MemberEvent::Registered, presence.server}};
        insert({std::move(presence.server),
                std::move(presence.state),
                presence.busy,
                std::move(presence.version),
                {},
                false});
        return changes;
    }
    Member& member = known->second;
    const bool isSame = isSameLife(member.server, presence.server);
    if (isOffline) {
        if (!isSame || member.isAway()) return {};  // a late will of an older life
        const bool wasMeant = member.state == "stopping";
        depart(member, wasMeant ? now : now + grace_);
        return tick(now);
    }
    if (!isSame)
        return replace(known,
                       {std::move(presence.server),
                        std::move(presence.state),
                        presence.busy,
                        std::move(presence.version),
                        {},
                        false},
                       MemberEvent::Registered);
    const bool wasAway = member.isAway() || std::exchange(member.isDoubted, false);
    stay(member);
    member.state = std::move(presence.state);
    member.busy = presence.busy;
    member.version = std::move(presence.version);
    if (!wasAway) return {};
    return {{MemberEvent::Reconnected, member.server}};
}

MemberChanges MemberTable::join(ServerInfo server, bool isReconnect) {
    const auto known = members_.find(server.id);
    const MemberEvent event = isReconnect ? MemberEvent::Reconnected : MemberEvent::Registered;
    if (known == members_.end()) {
        if (members_.size() >= kMaxMembers) return {};
        MemberChanges changes{{event, server}};
        insert({std::move(server), "online", 0, {}, {}, false});
        return changes;
    }
    Member& member = known->second;
    if (!isSameLife(member.server, server))
        return replace(known, {std::move(server), "online", 0, {}, {}, false}, event);
    stay(member);
    member.state = "online";
    member.server.info = std::move(server.info);
    return {{MemberEvent::Reconnected, member.server}};
}

MemberChanges MemberTable::leave(std::string_view id, TimePoint now, bool wasMeant) {
    const auto known = members_.find(id);
    if (known == members_.end() || !known->second.server.isPomelo || known->second.isAway())
        return {};
    depart(known->second, wasMeant ? now : now + grace_);
    return tick(now);
}

void MemberTable::erased(std::string_view id, TimePoint now) {
    const auto known = members_.find(id);
    if (known == members_.end() || known->second.server.isPomelo || known->second.isAway()) return;
    depart(known->second, now + grace_);
}

void MemberTable::doubtAll() {
    for (auto& [id, member] : members_)
        member.isDoubted = !member.server.isPomelo && !member.isAway();
}

MemberChanges MemberTable::dropDoubted() {
    MemberChanges changes;
    for (auto member = members_.begin(); member != members_.end();) {
        const auto next = std::next(member);
        if (member->second.isDoubted)
            changes.push_back({MemberEvent::Disconnected, remove(member)});
        member = next;
    }
    return changes;
}

std::size_t MemberTable::doubted() const {
    return static_cast<std::size_t>(std::count_if(
        members_.begin(), members_.end(), [](const auto& one) { return one.second.isDoubted; }));
}

MemberChanges MemberTable::tick(TimePoint now) {
    MemberChanges changes;
    while (!leaving_.empty() && leaving_.begin()->first <= now) {
        const auto member = members_.find(leaving_.begin()->second);
        changes.push_back({MemberEvent::Disconnected, remove(member)});
    }
    return changes;
}

std::optional<TimePoint> MemberTable::nextLeave() const {
    if (leaving_.empty()) return std::nullopt;
    return leaving_.begin()->first;
}

const Member* MemberTable::find(std::string_view id) const {
    const auto known = members_.find(id);
    return known == members_.end() ? nullptr : &known->second;
}

std::vector<ServerInfo> MemberTable::servers() const {
    std::vector<ServerInfo> servers;
    servers.reserve(members_.size());
    for (const auto& [id, member] : members_) servers.push_back(member.server);
    std::sort(servers.begin(), servers.end(),
              [](const ServerInfo& a, const ServerInfo& b) { return a.id < b.id; });
    return servers;
}

bool MemberTable::hasType(std::string_view type) const {
    return types_.find(type) != types_.end();
}

void MemberTable::insert(Member member) {
    ++types_[member.server.type];
    if (member.server.isPomelo) ++pomeloMembers_;
    std::string id = member.server.id;
    members_.emplace(std::move(id), std::move(member));
}

ServerInfo MemberTable::remove(Members::iterator member) {
    stay(member->second);
    ServerInfo server = std::move(member->second.server);
    members_.erase(member);
    if (server.isPomelo) --pomeloMembers_;
    if (const auto count = types_.find(server.type); --count->second == 0) types_.erase(count);
    return server;
}

MemberChanges MemberTable::replace(Members::iterator old, Member next, MemberEvent event) {
    MemberChanges changes;
    changes.push_back({MemberEvent::Disconnected, remove(old)});
    changes.push_back({event, next.server});
    insert(std::move(next));
    return changes;
}

void MemberTable::depart(Member& member, TimePoint at) {
    member.state = "offline";
    member.isDoubted = false;
    member.leavesAt = at;
    leaving_.emplace(at, member.server.id);
}

void MemberTable::stay(Member& member) {
    if (!member.leavesAt) return;
    const auto [first, last] = leaving_.equal_range(*member.leavesAt);
    const auto entry = std::find_if(
        first, last, [&member](const auto& leaving) { return leaving.second == member.server.id; });
    if (entry != last) leaving_.erase(entry);
    member.leavesAt.reset();
}

}  // namespace muster
