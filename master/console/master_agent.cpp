#include "master/console/master_agent.hpp"

#include "common/log.hpp"
#include "common/wire/json_scanner.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kLog = "agent";
constexpr milliseconds kLongestWait = std::chrono::hours(24);
/// An mqtt::Client over the network takes 1000; the others are for requests, orders and answers.
constexpr std::size_t kMaxUnacknowledged = 800;
constexpr milliseconds kOrderRetry{500};

Error unknownServer(std::string_view id) {
    return Error(Errc::UnknownServer, fmt::format("unknown server id:{}", id));
}

Error queueFull(std::string_view id) {
    return Error(Errc::Limit, fmt::format("the queue of {} is full", id));
}

Result<void> checkBody(const JsonText& body) {
    if (body.empty() || wire::isValidJson(body)) return {};
    return Error(Errc::BadMessage, "the body is not JSON");
}

bool isAt(const ServerInfo& server, std::string_view host, int port) {
    return server.host == host && server.port == port;
}

/// A request's id as MQTT correlation data: eight bytes that only this process reads.
std::string correlationOf(std::uint64_t id) {
    std::string data(sizeof id, '\0');
    std::memcpy(data.data(), &id, sizeof id);
    return data;
}

}  // namespace

MasterAgentImpl::MasterAgentImpl(EventLoop& loop, mqtt::Client& client,
                                 const Authenticator& authenticator, MasterAgentOptions options)
    : loop_(loop),
      client_(client),
      authenticator_(authenticator),
      topics_(options.cluster),
      members_(options.grace),
      requests_(options.maxRequests),
      dropped_(std::move(options.dropped)),
      patience_(options.patience) {}

MasterAgentImpl::~MasterAgentImpl() {
    stop();
    alive_.reset();
}

void MasterAgentImpl::start(mqtt::ConnectOptions options, Dispatcher& dispatcher) {
    dispatcher_ = &dispatcher;
    client_.connect(std::move(options), *this);
    for (const std::string& filter :
         {topics_.presence("+"), topics_.toMaster("+"), topics_.reply(wire::kMasterName, "+")})
        client_.subscribe(filter, 1, [filter](const Result<void>& granted) {
            if (!granted && granted.error().code() == Errc::Denied)
                log::error(kLog, "the broker refuses the subscription to {}: {}", filter,
                           granted.error().detail());
        });
}

void MasterAgentImpl::stop() {
    if (std::exchange(isStopped_, true)) return;
    for (TimerId* timer : {&requestTimer_, &memberTimer_, &doubtTimer_})
        if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
    for (const Reply& reply : requests_.takeAll())
        reply(Error(Errc::Closed, "the master is stopping"));
    client_.close();
}

void MasterAgentImpl::setLeadership(std::int64_t epoch, std::string clusterUid) {
    epoch_ = epoch;
    clusterUid_ = std::move(clusterUid);
}

std::vector<ServerInfo> MasterAgentImpl::servers() const {
    return members_.servers();
}

std::optional<ServerInfo> MasterAgentImpl::server(std::string_view serverId) const {
    const Member* member = members_.find(serverId);
    if (member == nullptr) return std::nullopt;
    return member->server;
}

void MasterAgentImpl::request(std::string_view serverId, std::string_view moduleId, JsonText body,
                              Reply done, milliseconds timeout) {
    const Member* member = members_.find(serverId);
    if (isStopped_) return answerLater(std::move(done), Error(Errc::Closed, "the master stopped"));
    if (member == nullptr) return answerLater(std::move(done), unknownServer(serverId));
    if (auto good = checkBody(body); !good) return answerLater(std::move(done), good.error());
    if (member->isAway() && !member->server.isPomelo)
        return answerLater(std::move(done),
                           Error(Errc::Closed, fmt::format("{} is reconnecting", serverId)));
    const TimePoint deadline = loop_.now() + std::clamp(timeout, milliseconds(1), kLongestWait);
    const auto id = requests_.add(std::move(done), deadline, serverId);
    if (!id) return answerLater(std::move(done), id.error());
    armRequests(deadline);
    sendRequest(*member, *id, moduleId, std::move(body), deadline);
}

void MasterAgentImpl::sendRequest(const Member& member, std::uint64_t id, std::string_view moduleId,
                                  JsonText body, TimePoint deadline) {
    const std::string& serverId = member.server.id;
    if (member.server.isPomelo) {
        auto sent = pomelo_ == nullptr
                        ? Result<void>(unknownServer(serverId))
                        : pomelo_->send(serverId, moduleId, body, PomeloRequest{id, deadline});
        if (sent) return;
        if (auto reply = requests_.take(id)) answerLater(*std::move(reply), sent.error());
        return;
    }
    mqtt::Message message;
    message.topic = topics_.toMonitor(serverId);
    message.payload = wire::encode(wire::Envelope{std::string(moduleId), {}, std::move(body), {}},
                                   loop_.wallTime());
    message.qos = 1;
    message.responseTopic = topics_.reply(wire::kMasterName, serverId);
    message.correlationData = correlationOf(id);
    const std::uint64_t before = droppedSoFar();
    client_.publish(std::move(message), [this, id](const Result<mqtt::PublishOutcome>& outcome) {
        if (!outcome)
            finish(id, outcome.error());
        else if (*outcome == mqtt::PublishOutcome::NoSubscriber)
            finish(id, Error(Errc::Closed, "the server is not connected"));
    });
    if (droppedSoFar() == before) return;
    ++counters_.queuesFull;
    if (auto reply = requests_.take(id)) answerLater(*std::move(reply), queueFull(serverId));
}

void MasterAgentImpl::requestServer(std::string_view serverId, std::string_view host, int port,
                                    std::string_view moduleId, JsonText body, Reply done,
                                    milliseconds timeout) {
    const Member* member = members_.find(serverId);
    if (member == nullptr || !isAt(member->server, host, port))
        return answerLater(std::move(done), unknownServer(serverId));
    request(serverId, moduleId, std::move(body), std::move(done), timeout);
}

/// Not inline: callers that ask again in `done` would nest without end.
void MasterAgentImpl::answerLater(Reply done, Error error) {
    loop_.post([done = std::move(done), error = std::move(error)] { done(error); });
}

void MasterAgentImpl::finish(std::uint64_t id, Result<JsonText> result) {
    if (const auto reply = requests_.take(id)) (*reply)(std::move(result));
}

/// One timer for all requests, at the earliest deadline.
void MasterAgentImpl::armRequests(TimePoint deadline) {
    if (requestTimer_ != 0) {
        if (*requestTimerAt_ <= deadline) return;
        loop_.cancel(requestTimer_);
    }
    requestTimerAt_ = deadline;
    requestTimer_ = loop_.after(std::chrono::ceil<milliseconds>(deadline - loop_.now()),
                                [this] { expireRequests(); });
}

void MasterAgentImpl::expireRequests() {
    requestTimer_ = 0;
    for (const Reply& reply : requests_.takeExpired(loop_.now()))
        reply(Error(Errc::Timeout, "no answer in time; the outcome is unknown"));
    if (const auto next = requests_.nextDeadline(); next && !isStopped_) armRequests(*next);
}

Result<void> MasterAgentImpl::sendOrder(std::string_view serverId, const wire::Envelope& order) {
    const Member* member = members_.find(serverId);
    if (member == nullptr || member->isAway() || member->server.isPomelo)
        return unknownServer(serverId);
    if (epoch_ < 1) return Error(Errc::Denied, "this master does not lead");
    if (!order.order) return Error(Errc::BadMessage, "an order needs its tag");
    if (!isConnected_) return Error(Errc::Closed, "not connected to the broker");
    mqtt::Message message;
    message.topic = topics_.toMonitor(serverId);
    message.payload = wire::encode(order, loop_.wallTime());
    message.qos = 1;
    message.responseTopic = topics_.reply(wire::kMasterName, serverId);
    message.correlationData = order.order->id;
    const std::uint64_t before = droppedSoFar();
    client_.publish(std::move(message),
                    [this, alive = std::weak_ptr<bool>(alive_), id = std::string(serverId),
                     order](const Result<mqtt::PublishOutcome>& outcome) {
                        if (!alive.expired() && !outcome && outcome.error().code() == Errc::Limit)
                            sendOrderLater(id, order);
                    });
    if (droppedSoFar() != before) sendOrderLater(std::string(serverId), order);
    return {};
}

/// A full queue did not take it. Whatever else is lost goes again when the member is back.
void MasterAgentImpl::sendOrderLater(const std::string& serverId, const wire::Envelope& order) {
    ++counters_.queuesFull;
    if (isStopped_ || order.order->deadline < loop_.wallTime()) return;
    loop_.after(kOrderRetry, [this, alive = std::weak_ptr<bool>(alive_), serverId, order] {
        if (!alive.expired() && !isStopped_) (void)sendOrder(serverId, order);
    });
}

Result<void> MasterAgentImpl::publishTo(std::string topic, std::string_view moduleId,
                                        JsonText body) {
    mqtt::Message message;
    message.topic = std::move(topic);
    message.payload = wire::encode(wire::Envelope{std::string(moduleId), {}, std::move(body), {}},
                                   loop_.wallTime());
    message.qos = 1;
    return put(std::move(message));
}

/// What has no answer: the sender learns here that it was not taken, or else it is on its way.
Result<void> MasterAgentImpl::put(mqtt::Message message) {
    if (!isConnected_) return Error(Errc::Closed, "not connected to the broker");
    if (!dropped_ && unacknowledged_ >= kMaxUnacknowledged) {
        ++counters_.queuesFull;
        return Error(Errc::Limit, "the broker has not acknowledged what was sent before");
    }
    ++unacknowledged_;
    const std::uint64_t before = droppedSoFar();
    client_.publish(std::move(message), [this, alive = std::weak_ptr<bool>(alive_)](
                                            const Result<mqtt::PublishOutcome>& outcome) {
        if (alive.expired()) return;
        --unacknowledged_;
        if (outcome) return;
        ++counters_.lost;
        if (mayWarn())
            log::warn(kLog, "a message was lost, {} so far: {}", counters_.lost,
                      outcome.error().detail());
    });
    const std::uint64_t full = droppedSoFar() - before;
    if (full == 0) return {};
    counters_.queuesFull += full;
    return Error(Errc::Limit, fmt::format("full queues: {} of its receivers did not get it", full));
}

Result<void> MasterAgentImpl::notifyMember(const Member& member, std::string_view moduleId,
                                           JsonText body) {
    if (auto good = checkBody(body); !good) return good;
    const std::string& id = member.server.id;
    if (!member.server.isPomelo) return publishTo(topics_.toMonitor(id), moduleId, std::move(body));
    if (pomelo_ == nullptr) return unknownServer(id);
    return pomelo_->send(id, moduleId, body, std::nullopt);
}

Result<void> MasterAgentImpl::notifyById(std::string_view serverId, std::string_view moduleId,
                                         JsonText body) {
    const Member* member = members_.find(serverId);
    if (member == nullptr) return unknownServer(serverId);
    return notifyMember(*member, moduleId, std::move(body));
}

Result<void> MasterAgentImpl::notifyByServer(std::string_view serverId, std::string_view host,
                                             int port, std::string_view moduleId, JsonText body) {
    const Member* member = members_.find(serverId);
    if (member == nullptr || !isAt(member->server, host, port)) return unknownServer(serverId);
    return notifyMember(*member, moduleId, std::move(body));
}

Result<void> MasterAgentImpl::notifyByType(std::string_view serverType, std::string_view moduleId,
                                           JsonText body) {
    if (auto good = checkBody(body); !good) return good;
    if (!members_.hasType(serverType))
        return Error(Errc::UnknownServer, fmt::format("no server of type {}", serverType));
    if (pomelo_ != nullptr && members_.pomeloMembers() > 0)
        pomelo_->notifyAll(serverType, moduleId, body);
    if (members_.size() == members_.pomeloMembers() || !wire::isValidId(serverType)) return {};
    return publishTo(topics_.toType(serverType), moduleId, std::move(body));
}

Result<void> MasterAgentImpl::notifyAll(std::string_view moduleId, JsonText body) {
    if (auto good = checkBody(body); !good) return good;
    if (members_.size() == 0) return Error(Errc::UnknownServer, "no server is connected");
    if (pomelo_ != nullptr && members_.pomeloMembers() > 0) pomelo_->notifyAll({}, moduleId, body);
    if (members_.size() == members_.pomeloMembers()) return {};
    return publishTo(topics_.toAll(), moduleId, std::move(body));
}

Result<void> MasterAgentImpl::notifyClient(std::string_view clientId, std::string_view moduleId,
                                           JsonText body) {
    if (auto good = checkBody(body); !good) return good;
    if (pomelo_ != nullptr && pomelo_->hasClient(clientId))
        return pomelo_->notifyClient(clientId, moduleId, body);
    // A native client's id is its reply address: <user>/<rest>.
    const std::size_t slash = clientId.find('/');
    if (slash == std::string_view::npos || slash + 1 == clientId.size())
        return Error(Errc::UnknownServer, fmt::format("unknown client id:{}", clientId));
    const std::string rest = fmt::format("{}/n", clientId.substr(slash + 1));
    return publishTo(topics_.reply(clientId.substr(0, slash), rest), moduleId, std::move(body));
}

Result<void> MasterAgentImpl::notifyCommand(std::string_view command, std::string_view moduleId) {
    if (members_.size() == 0) return Error(Errc::UnknownServer, "no server is connected");
    if (pomelo_ != nullptr && members_.pomeloMembers() > 0) pomelo_->commandAll(command, moduleId);
    if (members_.size() == members_.pomeloMembers()) return {};
    mqtt::Message message;
    message.topic = topics_.toAll();
    message.payload = wire::encode(
        wire::Envelope{std::string(moduleId), std::string(command), {}, {}}, loop_.wallTime());
    message.qos = 1;
    return put(std::move(message));
}

void MasterAgentImpl::set(std::string_view moduleId, JsonText value) {
    values_.insert_or_assign(std::string(moduleId), std::move(value));
}

JsonText MasterAgentImpl::get(std::string_view moduleId) const {
    const auto value = values_.find(moduleId);
    return value == values_.end() ? "null" : value->second;
}

void MasterAgentImpl::publishEvent(std::string_view kind, std::string_view id, JsonText body) {
    const std::size_t open = body.find('{');
    if (open == std::string::npos || !wire::isValidJson(body)) return;
    if (eventListener_) eventListener_(kind, id, body);
    if (!isConnected_) return;
    std::string payload = fmt::format(R"({{"v":1,"time":"{}")", wire::formatTime(loop_.wallTime()));
    const auto has = [&body](std::string_view key) {
        return wire::findMember(body, key).has_value();
    };
    if (!has("id")) {
        payload += R"(,"id":)";
        wire::appendJsonString(payload, id);
    }
    const std::string_view members = std::string_view(body).substr(open + 1);
    const std::size_t first = members.find_first_not_of(" \t\r\n");
    if (members[first] != '}') payload += ',';
    payload += members.substr(first);
    mqtt::Message message;
    message.topic = topics_.event(kind, wire::percentEncode(id));
    message.payload = std::move(payload);
    message.qos = 1;
    client_.publish(std::move(message));
}

}  // namespace muster
