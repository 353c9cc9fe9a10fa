#include "monitor/mqtt_uplink.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr auto kRetryRefused = std::chrono::seconds(30);
constexpr auto kPresenceSpacing = std::chrono::milliseconds(200);
constexpr auto kGoodbye = std::chrono::seconds(1);
constexpr std::size_t kMaxHeld = 256;

// Words of a broker's DISCONNECT 0x8E (MQTT 5, 3.14.2.1) as the clients pass it on.
bool saysTakenOver(std::string_view reason) {
    return reason.find("0x8e") != std::string_view::npos ||
           reason.find("taken over") != std::string_view::npos;
}

}  // namespace

// Runs `function` only on the connection it was made on, and only while this object lives.
template <class Function>
auto MqttUplink::onThisConnection(Function function) {
    return [this, alive = std::weak_ptr<bool>(alive_), connection = connection_,
            function = std::move(function)](auto&&... args) {
        if (alive.expired() || connection != connection_) return;
        function(std::forward<decltype(args)>(args)...);
    };
}

MqttUplink::MqttUplink(EventLoop& loop, ClientFactory makeClient, MonitorIdentity identity,
                       LogLine log)
    : loop_(loop),
      makeClient_(std::move(makeClient)),
      identity_(std::move(identity)),
      log_(std::move(log)),
      topics_(identity_.cluster),
      gate_(identity_.self.incarnation),
      presence_(identity_.self.incarnation) {}

MqttUplink::~MqttUplink() {
    alive_.reset();
    for (const TimerId timer : {retryTimer_, presenceTimer_, leaveTimer_})
        if (timer != 0) loop_.cancel(timer);
    if (client_) client_->close();
}

void MqttUplink::start(UplinkObserver& observer) {
    observer_ = &observer;
    connect();
}

void MqttUplink::connect() {
    retryTimer_ = 0;
    client_ = makeClient_();
    isSubscribed_ = false;
    mqtt::ConnectOptions options;
    options.url = identity_.url;
    options.clientId = identity_.self.id;
    options.username = identity_.self.id;
    options.password = identity_.token;
    options.caFile = identity_.caFile;
    options.certFile = identity_.certFile;
    options.keyFile = identity_.keyFile;
    mqtt::Message will;
    will.topic = topics_.presence(identity_.self.id);
    will.payload = presenceJson(identity_, PresenceState::Offline, 0, loop_.wallTime());
    will.qos = 1;
    will.retain = true;
    options.will = std::move(will);
    client_->connect(std::move(options), *this);
}

void MqttUplink::onConnected(bool /*sessionPresent*/) {
    ++connection_;
    isUp_ = true;
    isPresent_ = isLeaderSeen_ = isRegistered_ = false;
    presencesAwaited_ = grantsAwaited_ = 0;
    held_.clear();
    presence_.connected();
    observer_->onTransportUp();
    // Later connects of the same client renew the subscriptions before this call.
    if (isSubscribed_)
        publishPresence();
    else
        subscribeAll();
}

void MqttUplink::subscribeAll() {
    isSubscribed_ = true;
    const std::string& id = identity_.self.id;
    // The leader record first: it decides whether the rest is accepted.
    const std::vector<std::string> filters = {topics_.leader(),
                                              topics_.presence(id),
                                              topics_.reply(id, "#"),
                                              topics_.toMonitor(id),
                                              topics_.toType(identity_.self.type),
                                              topics_.toAll()};
    grantsAwaited_ = static_cast<int>(filters.size());
    for (const std::string& filter : filters)
        client_->subscribe(filter, 1, onThisConnection([this, filter](const Result<void>& granted) {
                               onSubscribed(filter, granted);
                           }));
}

void MqttUplink::onSubscribed(const std::string& filter, const Result<void>& granted) {
    if (!granted)
        log(2, "the broker refuses the subscription to " + filter + ": check its access rules");
    if (--grantsAwaited_ == 0) publishPresence();
}

void MqttUplink::publishPresence() {
    if (!isUp_) return;
    mqtt::Message message;
    message.topic = topics_.presence(identity_.self.id);
    message.payload = presenceJson(identity_, state_, busy_, loop_.wallTime());
    message.qos = 1;
    message.retain = true;
    presence_.said(message.payload);
    ++presencesAwaited_;
    client_->publish(std::move(message),
                     onThisConnection([this](const Result<mqtt::PublishOutcome>& outcome) {
                         onPresenceSent(outcome);
                     }));
}

void MqttUplink::onPresenceSent(const Result<mqtt::PublishOutcome>& outcome) {
    --presencesAwaited_;
    if (onLeft_) {
        if (presencesAwaited_ == 0) finishLeaving();
        return;
    }
    if (outcome) {
        isPresent_ = true;
        return registerIfComplete();
    }
    if (outcome.error().code() == Errc::Denied)
        return reconnectLater(Loss::Refused,
                              "the broker does not let this id publish its presence");
    log(2, "presence was not taken: " + outcome.error().detail());
}

void MqttUplink::registerIfComplete() {
    if (!isPresent_ || !isLeaderSeen_ || isRegistered_ || onLeft_) return;
    isRegistered_ = true;
    presence_.registered();
    observer_->onRegistered();
    const auto held = std::exchange(held_, {});
    for (const mqtt::Message& message : held) onEnvelope(message);
}

void MqttUplink::onLost(std::string_view reason, bool refused) {
    if (saysTakenOver(reason)) return reconnectLater(Loss::TakenOver, reason);
    ++connection_;
    isUp_ = isRegistered_ = false;
    if (onLeft_) return finishLeaving();
    observer_->onLost(refused ? Loss::Refused : Loss::Lost, reason);
}

// Gives this connection up and tries anew, by another client, later: somebody
// has to change something first, and two processes of one id must not throw each other out fast.
void MqttUplink::reconnectLater(Loss loss, std::string_view reason) {
    ++connection_;
    isUp_ = isRegistered_ = false;
    client_->close();
    if (onLeft_) return finishLeaving();
    if (retryTimer_ != 0) loop_.cancel(retryTimer_);
    retryTimer_ = loop_.after(kRetryRefused, [this] { connect(); });
    observer_->onLost(loss, reason);
}

void MqttUplink::onMessage(const mqtt::Message& message) {
    if (message.topic == topics_.leader()) return onLeader(message);
    if (message.topic == topics_.presence(identity_.self.id)) return onPresence(message);
    const auto topic = topics_.relative(message.topic);
    if (!topic) return ignore(message, "foreign topic");
    if (topic->rfind("reply/", 0) == 0) return onAnswer(message);
    if (topic->rfind("to/", 0) != 0) return ignore(message, "unexpected topic");
    if (isRegistered_) return onEnvelope(message);
    // Nothing is accepted before the leader's epoch is known.
    if (held_.size() < kMaxHeld)
        held_.push_back(message);
    else
        ignore(message, "too many messages before the leader record");
}

void MqttUplink::onLeader(const mqtt::Message& message) {
    if (message.payload.empty()) return observer_->onMasterGone();
    // A leader that came (back) after this presence was said takes no broker's word for it.
    if (!message.retain && isUp_ && grantsAwaited_ == 0 && !onLeft_) publishPresence();
    const auto record = parseJson(message.payload);
    if (!record || !record->is_object()) return ignore(message, "not a leader record");
    const auto epoch = record->find("epoch");
    const auto cluster = record->find("clusterUid");
    if (epoch == record->end() || !epoch->is_number_integer() || cluster == record->end() ||
        !cluster->is_string())
        return ignore(message, "a leader record without epoch or clusterUid");
    const auto learned =
        gate_.learnLeader(epoch->get<std::int64_t>(), cluster->get_ref<const std::string&>());
    if (!learned) return log(3, "this leader is not obeyed: " + learned.error().detail());
    isLeaderSeen_ = true;
    registerIfComplete();
    if (isRegistered_) observer_->onMasterSeen();
}

void MqttUplink::onPresence(const mqtt::Message& message) {
    if (onLeft_) return;
    if (presence_.showsNewerLife(message.payload))
        return reconnectLater(Loss::TakenOver, "another process registered with this id");
    if (!presence_.mustRepeat(message.payload)) return;
    log(1, "somebody else's record stood in this server's presence: saying it again");
    setState(state_, busy_);
}

void MqttUplink::onAnswer(const mqtt::Message& message) {
    // <incarnation>-<id>: an answer to an older life of this server is nobody's.
    const std::string prefix = identity_.self.incarnation + "-";
    const std::string& correlation = message.correlationData;
    if (correlation.rfind(prefix, 0) != 0 || correlation.size() > prefix.size() + 19)
        return ignore(message, "an answer to nothing that was asked");
    std::uint64_t id = 0;
    for (std::size_t at = prefix.size(); at < correlation.size(); ++at) {
        if (correlation[at] < '0' || correlation[at] > '9')
            return ignore(message, "an answer to nothing that was asked");
        id = id * 10 + static_cast<std::uint64_t>(correlation[at] - '0');
    }
    auto answer = wire::decodeAnswer(message.payload);
    if (!answer) return observer_->onAnswer(id, answer.error());
    if (answer->error) return observer_->onAnswer(id, *answer->error);
    observer_->onAnswer(id, std::move(answer->body));
}

void MqttUplink::onEnvelope(const mqtt::Message& message) {
    if (!message.responseTopic.empty()) {
        const std::string allowed = topics_.reply(wire::kMasterName, "");
        if (message.responseTopic.rfind(allowed, 0) != 0)
            return ignore(message, "a Response Topic that is not the master's");
    }
    auto envelope = wire::decodeEnvelope(message.payload);
    if (!envelope) {
        ignore(message, envelope.error().detail());
        if (!message.responseTopic.empty()) answer(message, {envelope.error(), {}});
        return;
    }
    if (envelope->order)
        dispatchOrder(std::move(*envelope), message);
    else
        dispatch(std::move(*envelope), message);
}

void MqttUplink::dispatch(wire::Envelope envelope, const mqtt::Message& message) {
    Incoming incoming{std::move(envelope.moduleId), std::move(envelope.command),
                      std::move(envelope.body), std::nullopt};
    if (message.responseTopic.empty()) return observer_->onIncoming(std::move(incoming), {});
    mqtt::Message address;
    address.responseTopic = message.responseTopic;
    address.correlationData = message.correlationData;
    observer_->onIncoming(
        std::move(incoming), onThisConnection([this, address](const Result<JsonText>& result) {
            answer(address,
                   result ? wire::Answer{std::nullopt, *result} : wire::Answer{result.error(), {}});
        }));
}

void MqttUplink::dispatchOrder(wire::Envelope envelope, const mqtt::Message& message) {
    const wire::OrderTag order = *envelope.order;
    const auto decision = gate_.decide(order, loop_.wallTime());
    using Verdict = wire::OrderGate::Verdict;
    if (decision.verdict == Verdict::InProgress) return;
    if (decision.verdict != Verdict::Execute) {
        if (!message.responseTopic.empty()) answer(message, decision.answer);
        return;
    }
    Incoming incoming{
        std::move(envelope.moduleId), std::move(envelope.command), std::move(envelope.body),
        std::chrono::duration_cast<std::chrono::milliseconds>(order.deadline - loop_.wallTime())};
    mqtt::Message address;
    address.responseTopic = message.responseTopic;
    address.correlationData = message.correlationData;
    // Remembered over a lost connection too: the leader asks again by the same id.
    auto finish = [this, alive = std::weak_ptr<bool>(alive_), id = order.id,
                   address = std::move(address)](const Result<JsonText>& result) {
        if (alive.expired()) return;
        wire::Answer outcome =
            result ? wire::Answer{std::nullopt, *result} : wire::Answer{result.error(), {}};
        gate_.finished(id, outcome);
        if (!address.responseTopic.empty()) answer(address, outcome);
    };
    observer_->onIncoming(std::move(incoming), std::move(finish));
}

void MqttUplink::answer(const mqtt::Message& request, const wire::Answer& answer) {
    if (!isUp_) return;
    mqtt::Message message;
    message.topic = request.responseTopic;
    message.correlationData = request.correlationData;
    message.payload = wire::encode(answer, loop_.wallTime());
    message.qos = 1;
    client_->publish(std::move(message));
}

void MqttUplink::ignore(const mqtt::Message& message, std::string_view why) {
    ++ignored_;
    // The first of many, and every thousandth: a hostile peer must not fill the host's log.
    if (ignored_ == 1 || ignored_ % 1000 == 0)
        log(2, "ignored " + std::to_string(ignored_) + " messages so far, last on " +
                   message.topic.substr(0, 200) + ": " + std::string(why.substr(0, 200)));
}

void MqttUplink::notify(std::string_view moduleId, const JsonText& body,
                        std::function<void(Sent)> done) {
    publishToMaster({}, moduleId, body, std::move(done));
}

void MqttUplink::request(std::uint64_t id, std::string_view moduleId, const JsonText& body,
                         std::function<void(Sent)> done) {
    mqtt::Message message;
    message.responseTopic = topics_.reply(identity_.self.id, "r");
    message.correlationData = identity_.self.incarnation + "-" + std::to_string(id);
    publishToMaster(std::move(message), moduleId, body, std::move(done));
}

void MqttUplink::publishToMaster(mqtt::Message message, std::string_view moduleId,
                                 const JsonText& body, std::function<void(Sent)> done) {
    if (!isRegistered_) return done(Sent::Away);
    wire::Envelope envelope;
    envelope.moduleId = moduleId;
    envelope.body = body;
    message.topic = topics_.toMaster(identity_.self.id);
    message.payload = wire::encode(envelope, loop_.wallTime());
    message.qos = 1;
    client_->publish(
        std::move(message), [done = std::move(done), alive = std::weak_ptr<bool>(alive_)](
                                const Result<mqtt::PublishOutcome>& outcome) {
            if (alive.expired()) return;
            if (outcome)
                return done(*outcome == mqtt::PublishOutcome::NoSubscriber ? Sent::Away
                                                                           : Sent::Delivered);
            const Errc code = outcome.error().code();
            done(code == Errc::Closed || code == Errc::Limit ? Sent::Away : Sent::Refused);
        });
}

void MqttUplink::setState(PresenceState state, std::int64_t busy) {
    if (onLeft_) return;  // the goodbye is the last word
    const bool isUrgent = state != state_;
    state_ = state;
    busy_ = busy;
    if (!isUp_ || grantsAwaited_ > 0) return;
    if (isUrgent) return publishPresence();
    if (presenceTimer_ != 0) return;  // the next one carries it
    presenceTimer_ = loop_.after(kPresenceSpacing, [this] {
        presenceTimer_ = 0;
        publishPresence();
    });
}

void MqttUplink::publishMetric(const JsonText& sample) {
    std::string record = metricJson(sample, loop_.wallTime());
    if (!isRegistered_ || onLeft_ || record.empty()) return;
    putMetric(std::move(record));
    hasMetric_ = true;
}

void MqttUplink::putMetric(std::string payload) {
    mqtt::Message message;
    message.topic = topics_.metric(identity_.self.id);
    message.payload = std::move(payload);
    message.qos = 0;
    message.retain = true;
    client_->publish(std::move(message));
}

void MqttUplink::leave(std::function<void()> done) {
    onLeft_ = std::move(done);
    if (retryTimer_ != 0) loop_.cancel(std::exchange(retryTimer_, 0));
    if (!isPresent_ || !isUp_) return finishLeaving();
    leaveTimer_ = loop_.after(kGoodbye, [this] { finishLeaving(); });
    state_ = PresenceState::Offline;
    if (hasMetric_) putMetric({});  // of what is no more
    publishPresence();
}

void MqttUplink::finishLeaving() {
    if (!onLeft_) return;
    ++connection_;
    isUp_ = isRegistered_ = false;
    if (leaveTimer_ != 0) loop_.cancel(std::exchange(leaveTimer_, 0));
    if (client_) client_->close();
    std::exchange(onLeft_, {})();
}

void MqttUplink::log(int level, const std::string& line) const {
    if (log_) log_(level, line);
}

}  // namespace muster
