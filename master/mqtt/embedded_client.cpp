#include "master/mqtt/embedded_client.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

constexpr std::size_t kMaxInbox = 50'000;  // QoS 0 is dropped above
constexpr std::size_t kInboxRoom = 5'000;  // queues wait above
constexpr std::size_t kDrainSlice = 256;   // messages handled before others get their turn

Properties propertiesOf(const Message& message) {
    Properties properties;
    if (!message.responseTopic.empty()) properties.responseTopic = message.responseTopic;
    if (!message.correlationData.empty()) properties.correlationData = message.correlationData;
    if (message.expiry)
        properties.messageExpiry = static_cast<std::uint32_t>(
            std::clamp<std::chrono::seconds::rep>(message.expiry->count(), 0, UINT32_MAX));
    properties.userProperties = message.userProperties;
    return properties;
}

bool hasProperties(const Message& message) {
    return !message.responseTopic.empty() || !message.correlationData.empty() || message.expiry ||
           !message.userProperties.empty();
}

Message messageOf(const RoutedMessage& from, std::uint8_t qos, bool retain, TimePoint now) {
    Message message;
    message.topic = from.topic;
    message.payload = from.payload;
    message.qos = qos;
    message.retain = retain;
    if (from.expires)
        message.expiry = std::chrono::ceil<std::chrono::seconds>(
            std::max(*from.expires - now, TimePoint::duration::zero()));
    if (!from.properties) return message;
    message.responseTopic = from.properties->responseTopic.value_or("");
    message.correlationData = from.properties->correlationData.value_or("");
    message.userProperties = from.properties->userProperties;
    return message;
}

Result<PublishOutcome> outcomeOf(ReasonCode code) {
    switch (code) {
        case ReasonCode::Success: return PublishOutcome::Delivered;
        case ReasonCode::NoMatchingSubscribers: return PublishOutcome::NoSubscriber;
        case ReasonCode::NotAuthorized: return Error(Errc::Denied, "not allowed on this topic");
        case ReasonCode::QuotaExceeded: return Error(Errc::Limit, "the retained store is full");
        default: return Error(Errc::Failed, "the broker refused the message");
    }
}

bool isAcceptable(const Message& message) {
    constexpr std::size_t kMaxText = 65535;
    return message.topic.size() <= kMaxText && message.responseTopic.size() <= kMaxText &&
           message.correlationData.size() <= kMaxText && message.qos >= 0 && message.qos <= 2 &&
           isValidTopicName(message.topic) && isValidUtf8(message.topic);
}

}  // namespace

EmbeddedClient::EmbeddedClient(EventLoop& loop, Broker& broker, ClientIdentity identity)
    : loop_(loop), broker_(broker), identity_(std::move(identity)) {}

EmbeddedClient::~EmbeddedClient() {
    close();
}

void EmbeddedClient::post(std::function<void()> task) {
    loop_.post([running = std::weak_ptr<bool>(alive_), task = std::move(task)] {
        if (!running.expired()) task();
    });
}

void EmbeddedClient::connect(ConnectOptions options, ClientObserver& observer) {
    options_ = std::move(options);
    observer_ = &observer;
    backoff_ = options_.backoffFirst;
    post([this] { attach(); });
}

void EmbeddedClient::close() {
    alive_ = std::make_shared<bool>(true);  // what was posted is void
    isDraining_ = false;
    if (retryTimer_ != 0) loop_.cancel(std::exchange(retryTimer_, 0));
    observer_ = nullptr;
    inbox_.clear();
    broker_.enter(loop_.now());
    if (Session* session = std::exchange(session_, nullptr))
        broker_.detach(*session, {false, std::nullopt, "the client said goodbye"});
}

SessionRequest EmbeddedClient::request() const {
    SessionRequest request;
    request.clientId = options_.clientId;
    request.identity = identity_;
    request.cleanStart = options_.cleanStart;
    request.expirySeconds = static_cast<std::uint32_t>(
        std::clamp<std::chrono::seconds::rep>(options_.sessionExpiry.count(), 0, kNeverExpires));
    request.peer = "in process";
    if (options_.will) {
        const Message& will = *options_.will;
        request.will = Will{will.topic, will.payload, static_cast<std::uint8_t>(will.qos),
                            will.retain, propertiesOf(will)};
    }
    return request;
}

void EmbeddedClient::attach() {
    if (observer_ == nullptr || session_ != nullptr) return;
    broker_.enter(loop_.now());
    SessionRequest wanted = request();
    if (wanted.clientId.empty()) wanted.clientId = broker_.assignClientId();
    const Attachment attached = broker_.attach(std::move(wanted), *this);
    if (attached.code != ReasonCode::Success) {
        retry(true);
        observer_->onLost("the broker refused the client id", true);
        return;
    }
    session_ = attached.session;
    since_ = broker_.now();
    backoff_ = options_.backoffFirst;
    for (auto& [filter, wish] : wishes_) renew(filter, wish);
    const std::weak_ptr<bool> running = alive_;
    observer_->onConnected(attached.sessionPresent);
    if (!running.expired() && session_ != nullptr) broker_.pump(*session_);
}

// After a refusal at the cap: the cause will not go away soon.
void EmbeddedClient::retry(bool wasRefused) {
    if (options_.backoffFirst.count() == 0) return;
    const auto delay = wasRefused ? options_.backoffCap : backoff_;
    backoff_ = std::min(backoff_ * 2, options_.backoffCap);
    if (retryTimer_ != 0) loop_.cancel(retryTimer_);
    retryTimer_ = loop_.after(delay, [this] {
        retryTimer_ = 0;
        attach();
    });
}

void EmbeddedClient::publish(Message message, std::function<void(Result<PublishOutcome>)> done) {
    Result<PublishOutcome> outcome = Error(Errc::Closed, "not connected");
    StorePosition before = 0;
    if (session_ != nullptr && !isAcceptable(message)) {
        outcome = Error(Errc::BadMessage, "no valid topic or QoS: " + message.topic);
    } else if (session_ != nullptr) {
        broker_.enter(loop_.now());
        before = broker_.recorded();
        const Properties properties = hasProperties(message) ? propertiesOf(message) : Properties{};
        outcome = outcomeOf(
            broker_.publish({message.topic, message.payload, static_cast<std::uint8_t>(message.qos),
                             message.retain, hasProperties(message) ? &properties : nullptr, true},
                            identity_, session_));
    }
    if (!done) return;
    auto tell = [this, running = std::weak_ptr<bool>(alive_), done = std::move(done), outcome] {
        if (!running.expired()) post([done, outcome] { done(outcome); });
    };
    // What is not kept does not wait for what others have kept, perhaps until a disk has room
    // again.
    if (!outcome || broker_.recorded() == before) return tell();
    broker_.whenCommitted(std::move(tell));
}

void EmbeddedClient::subscribe(std::string filter, int qos,
                               std::function<void(Result<void>)> done) {
    Wish& wish = wishes_[filter];
    wish = {std::clamp(qos, 0, 2), std::move(done)};
    if (session_ == nullptr) return;
    broker_.enter(loop_.now());
    renew(filter, wish);
    broker_.pump(*session_);
}

void EmbeddedClient::renew(const std::string& filter, Wish& wish) {
    Subscription subscription;
    subscription.filter = filter;
    subscription.qos = static_cast<std::uint8_t>(wish.qos);
    const ReasonCode code = broker_.subscribe(*session_, subscription, 0);
    const bool isGranted = code < ReasonCode::UnspecifiedError;
    if (auto done = std::exchange(wish.done, {})) {
        post([done = std::move(done), isGranted] {
            done(isGranted ? Result<void>() : Result<void>(Error(Errc::Denied, "filter refused")));
        });
    }
}

void EmbeddedClient::unsubscribe(std::string filter) {
    wishes_.erase(filter);
    if (session_ != nullptr) broker_.unsubscribe(*session_, filter);
}

bool EmbeddedClient::send(const Delivery& delivery, const DeliveryForm& form) {
    put({delivery.message, form.qos, form.retain, form.packetId});
    return true;
}

bool EmbeddedClient::sendQos0(Routing& routing, const DeliveryForm& form) {
    if (inbox_.size() >= kMaxInbox) return false;
    put({routing.message(), 0, form.retain, 0});
    return true;
}

void EmbeddedClient::sendPubrel(std::uint16_t packetId) {
    put({nullptr, 2, false, packetId});
}

bool EmbeddedClient::hasRoom() const {
    return inbox_.size() < kInboxRoom;
}

OutletFacts EmbeddedClient::facts() const {
    return {"in process", "", 0, 0, since_};
}

void EmbeddedClient::detached(ReasonCode, std::string_view why) {
    session_ = nullptr;
    inbox_.clear();
    post([this, reason = std::string(why)] {
        if (observer_ == nullptr) return;
        retry(false);
        observer_->onLost(reason, false);
    });
}

void EmbeddedClient::put(Inbound inbound) {
    inbox_.push(std::move(inbound));
    ++broker_.counters().messagesSent;
    if (std::exchange(isDraining_, true)) return;
    post([this] { drain(); });
}

void EmbeddedClient::drain() {
    const std::weak_ptr<bool> running = alive_;
    broker_.enter(loop_.now());
    for (std::size_t i = 0; i < kDrainSlice && !inbox_.empty(); ++i) {
        const Inbound inbound = std::move(inbox_.front());
        inbox_.pop();
        handle(inbound);
        if (running.expired()) return;  // closed by the observer
    }
    if (session_ != nullptr) broker_.pump(*session_);
    isDraining_ = !inbox_.empty();
    if (isDraining_) post([this] { drain(); });
}

// Acknowledged when the observer has seen it, and in one step: nothing can be lost in between.
void EmbeddedClient::handle(const Inbound& inbound) {
    const std::weak_ptr<bool> running = alive_;
    if (inbound.message)
        observer_->onMessage(messageOf(*inbound.message, inbound.qos, inbound.retain, loop_.now()));
    if (running.expired() || session_ == nullptr || inbound.qos == 0) return;
    if (inbound.qos == 1) {
        session_->onPuback(inbound.packetId);
    } else {
        session_->onPubrec(inbound.packetId, ReasonCode::Success);
        session_->onPubcomp(inbound.packetId);
    }
}

}  // namespace muster::mqtt
