#include "master/supervisor/change_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace muster::supervisor {

using Kind = ServerChange::Kind;

namespace {

ServerChange changeOf(const ServerFacts& server) {
    ServerChange change;
    change.id = server.id;
    change.type = server.type;
    change.state = server.state;
    change.keys = server.keys;
    const auto is = [&change](Kind kind, std::string note) {
        change.kind = kind;
        change.note = std::move(note);
        return change;
    };
    if (!server.isWanted) {
        change.keys.clear();
        change.busy = server.isAlive ? server.busy : 0;
        return is(Kind::Remove, "no longer in the configuration");
    }
    if (!server.isKnown || !server.hasWish) {
        change.keys.clear();
        return is(Kind::Add, "new");
    }
    if (server.isMoved && server.isAlive) {
        change.busy = server.busy;
        return is(Kind::Move, "stopped on its host, then started on the other");
    }
    const bool isChanged = !server.keys.empty() || !server.policies.empty();
    if (!server.wantsRun && !server.isAlive)
        return is(Kind::Unchanged,
                  isChanged ? "stopped; has the change when it is started" : "stopped");
    if (!server.isComparable && server.isAlive)
        return is(Kind::Unchanged, "nobody knows what it was started with");
    if (!server.keys.empty()) {
        change.busy = server.busy;
        return is(Kind::Restart, "");
    }
    change.keys = server.policies;
    if (!server.policies.empty()) return is(Kind::Update, "without a restart");
    return is(Kind::Unchanged, "");
}

}  // namespace

const char* nameOf(Kind kind) {
    switch (kind) {
        case Kind::Unchanged: return "unchanged";
        case Kind::Add: return "add";
        case Kind::Remove: return "remove";
        case Kind::Move: return "move";
        case Kind::Restart: return "restart";
        case Kind::Update: return "update";
        case Kind::Start: return "start";
        case Kind::Stop: return "stop";
    }
    return "unchanged";
}

bool ChangePlan::hasChanges() const {
    return std::any_of(changes.begin(), changes.end(),
                       [](const auto& change) { return change.kind != Kind::Unchanged; });
}

std::vector<std::string> ChangePlan::ids(Kind kind) const {
    std::vector<std::string> ids;
    for (const ServerChange& change : changes)
        if (change.kind == kind) ids.push_back(change.id);
    return ids;
}

std::string ChangePlan::fingerprint() const {
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
    const auto add = [&hash](std::string_view text) {
        for (const char c : text) {
            hash ^= static_cast<unsigned char>(c);
            hash *= 0x100000001b3U;
        }
        hash ^= 0xffU;  // no byte of UTF-8: ends the word
        hash *= 0x100000001b3U;
    };
    for (const ServerChange& change : changes) {
        if (change.kind == Kind::Unchanged) continue;
        add(nameOf(change.kind));
        add(change.id);
        for (const std::string& key : change.keys) add(key);
    }
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

ChangePlan planChanges(const std::vector<ServerFacts>& servers) {
    ChangePlan plan;
    for (const ServerFacts& server : servers) plan.changes.push_back(changeOf(server));
    return plan;
}

}  // namespace muster::supervisor
