#include "modules/watcher/watcher_master.hpp"

#include "common/log.hpp"
#include "modules/body.hpp"

#include <utility>

namespace muster::modules {
namespace {

constexpr std::chrono::seconds kPushTimeout{10};
constexpr std::string_view kWatcher = "__monitorwatcher__";

Error unknownAction(std::string_view action) {
    return Error(Errc::BadMessage, "unknown action '" + std::string(action.substr(0, 64)) +
                                       "': subscribe, unsubscribe, query and record are known");
}

}  // namespace

WatcherMaster::WatcherMaster(std::vector<std::string> expected, std::vector<ServerInfo> remembered)
    : list_(std::move(expected), std::move(remembered)) {}

WatcherMaster::~WatcherMaster() {
    alive_.reset();
}

void WatcherMaster::start(MasterAgent& agent) {
    agent_ = &agent;
    agent.onMember(
        [this, alive = std::weak_ptr<bool>(alive_)](MemberEvent event, const ServerInfo& server) {
            if (!alive.expired()) onMember(event, server);
        });
    for (const ServerInfo& server : agent.servers()) onMember(MemberEvent::Registered, server);
}

void WatcherMaster::stop() {
    agent_ = nullptr;
}

void WatcherMaster::onMember(MemberEvent event, const ServerInfo& server) {
    if (isServer(server)) push(list_.member(event, server));
}

void WatcherMaster::masterHandler(MasterAgent& /*agent*/, const ServerInfo& from,
                                  const JsonText& message, Reply reply) {
    const std::string_view action = peekText(message, "action");
    if (action == "subscribe") {
        list_.subscribe(from.id);
        return reply(list_.servers());
    }
    if (action == "unsubscribe") {
        list_.unsubscribe(from.id);
        return reply(JsonText("1"));
    }
    if (action == "query") return reply(list_.servers());
    if (action != "record") return reply(unknownAction(action));
    reply(JsonText("1"));
    push(list_.record(from.id));
    if (onRecord_) onRecord_(from.id);
}

void WatcherMaster::clientHandler(MasterAgent& /*agent*/, const Caller& /*caller*/,
                                  const JsonText& message, Reply reply) {
    const std::string_view action = peekText(message, "action");
    if (action != "query") return reply(unknownAction(action));
    reply(list_.servers());
}

void WatcherMaster::recorded(const std::string& serverId) {
    push(list_.record(serverId));
}

void WatcherMaster::gone(const std::string& serverId) {
    const auto pushes = list_.gone(serverId);
    push(pushes);
    if (onForgotten_) onForgotten_(serverId);
}

void WatcherMaster::tick(MasterAgent& agent) {
    forgetRemembered(agent);
    push(list_.catchUp());
}

void WatcherMaster::forgetRemembered(const MasterAgent& agent) {
    const auto ids = list_.remembered();
    if (ids.empty() || !isConnected_ || agent.servers().empty()) return;
    if (ids.size() < std::exchange(missing_, ids.size())) waited_ = std::chrono::seconds(0);
    waited_ += kPace;
    waitedInAll_ += kPace;
    if (waited_ <= kPatience && waitedInAll_ <= kMaxPatience) return;
    log::info("watcher", "{} servers did not come back to this master: they are gone", ids.size());
    push(list_.forgetRemembered());
    if (!onForgotten_) return;
    for (const std::string& id : ids) onForgotten_(id);
}

void WatcherMaster::push(const std::vector<WatchList::Push>& pushes) {
    if (agent_ == nullptr) return;
    for (const auto& [to, body] : pushes)
        agent_->request(
            to, kWatcher, body,
            [this, alive = std::weak_ptr<bool>(alive_), id = to](const Result<JsonText>& result) {
                if (!alive.expired()) onPushed(id, result);
            },
            kPushTimeout);
}

void WatcherMaster::onPushed(const std::string& serverId, const Result<JsonText>& result) {
    if (result && *result != "0") return;
    list_.missed(serverId);
    log::debug("watcher", "{} was not told of a change: {}", serverId,
               result ? "it answered 0" : result.error().detail());
}

}  // namespace muster::modules
