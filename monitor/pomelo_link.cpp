#include "monitor/pomelo_link.hpp"

#include "common/wire/envelope.hpp"
#include "common/wire/pomelo_wire.hpp"
#include "monitor/pomelo_shapes.hpp"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr auto kAckDeadline = std::chrono::milliseconds(5'000);
constexpr auto kRetryFirst = std::chrono::milliseconds(1'000);
constexpr auto kRetryCap = std::chrono::milliseconds(30'000);
constexpr std::size_t kMaxPayload = 4 * 1024 * 1024;
constexpr std::string_view kPomeloScheme = "pomelo://";

pomelo::Registration registrationOf(const MonitorIdentity& identity) {
    pomelo::Registration registration;
    registration.kind = pomelo::Registration::Kind::Monitor;
    registration.id = identity.self.id;
    registration.serverType = identity.self.type;
    registration.pid = identity.self.pid;
    registration.info = identity.self.info;
    registration.token = identity.token;
    return registration;
}

}  // namespace

PomeloLink::PomeloLink(EventLoop& loop, std::function<std::unique_ptr<mqtt::Client>()> makeClient,
                       MonitorIdentity identity, LogLine log)
    : loop_(loop),
      makeClient_(std::move(makeClient)),
      identity_(std::move(identity)),
      log_(std::move(log)),
      retryDelay_(kRetryFirst) {}

PomeloLink::~PomeloLink() {
    alive_.reset();
    cancel(ackTimer_);
    cancel(retryTimer_);
    if (client_) client_->close();
}

void PomeloLink::start(UplinkObserver& observer) {
    observer_ = &observer;
    connect();
}

void PomeloLink::connect() {
    retryTimer_ = 0;
    client_ = makeClient_();
    mqtt::ConnectOptions options;
    options.url = identity_.url;
    if (options.url.rfind(kPomeloScheme, 0) == 0)
        options.url = "mqtt://" + options.url.substr(kPomeloScheme.size());
    options.clientId =
        "muster-" + identity_.self.id.substr(0, 40) + "-" + wire::makeNonce().substr(0, 8);
    options.version = 4;
    options.cleanStart = true;
    // The original ignores the value but answers pings: this notices a dead connection.
    options.keepAlive = std::chrono::seconds(30);
    client_->connect(std::move(options), *this);
}

void PomeloLink::onConnected(bool /*sessionPresent*/) {
    isUp_ = true;
    isRegistered_ = false;
    observer_->onTransportUp();
    const auto registration = registrationOf(identity_);
    if (wasAccepted_)
        send(pomelo::kReconnectTopic, pomelo::encodeReconnect(registration));
    else
        send(pomelo::kRegisterTopic, pomelo::encodeRegister(registration));
    cancel(ackTimer_);
    ackTimer_ = loop_.after(kAckDeadline, [this] {
        ackTimer_ = 0;
        connectLater(Loss::Lost, "the master did not answer the registration", retryDelay_);
    });
}

void PomeloLink::onLost(std::string_view reason, bool refused) {
    cancel(ackTimer_);
    isUp_ = isRegistered_ = false;
    observer_->onLost(refused ? Loss::Refused : Loss::Lost, reason);
}

// On a new connection: an original master that said no never listens to this one again.
void PomeloLink::connectLater(Loss loss, std::string_view reason, std::chrono::milliseconds delay) {
    cancel(ackTimer_);
    cancel(retryTimer_);
    isUp_ = isRegistered_ = false;
    client_->close();
    retryTimer_ = loop_.after(delay, [this] { connect(); });
    retryDelay_ = std::min(retryDelay_ * 2, kRetryCap);
    observer_->onLost(loss, reason);
}

void PomeloLink::onMessage(const mqtt::Message& message) {
    if (message.payload.size() > kMaxPayload) {
        ++ignored_;
        return;
    }
    if (message.topic == pomelo::kRegisterTopic || message.topic == pomelo::kReconnectOkTopic)
        return onAck(message.topic, message.payload);
    if (message.topic == pomelo::kMonitorTopic && isRegistered_)
        return onMonitorMessage(message.payload);
    ++ignored_;
}

void PomeloLink::onAck(std::string_view topic, std::string_view payload) {
    if (isRegistered_) return;
    const auto ack = pomelo::decodeAck(payload);
    if (!ack) return log(2, "an answer to the registration was not understood");
    cancel(ackTimer_);
    if (ack->isAccepted()) {
        isRegistered_ = wasAccepted_ = true;
        retryDelay_ = kRetryFirst;
        observer_->onRegistered();
        return;
    }
    // "reconnect" would let a refused server in without its token: it is not ours to do so.
    if (topic == pomelo::kRegisterTopic)
        return connectLater(Loss::Refused, ack->message, kRetryCap);
    connectLater(Loss::Lost, ack->message, retryDelay_);
}

void PomeloLink::onMonitorMessage(std::string_view payload) {
    auto message = pomelo::decodeMessage(payload);
    if (!message) {
        ++ignored_;
        if (ignored_ == 1) log(2, "a message of the master was not understood");
        return;
    }
    using Kind = pomelo::Message::Kind;
    if (message->kind == Kind::Response) {
        const auto number = pomelo::numberOf(message->id);
        if (!number) return;
        observer_->onAnswer(*number,
                            pomelo::resultOf(std::move(*message), pomelo::ResultSlot::Body));
        return;
    }
    Incoming incoming{message->moduleId, {}, message->body, std::nullopt};
    if (message->kind == Kind::Command) incoming.command = message->command;
    if (message->kind == Kind::Request) return onRequest(message->id, std::move(incoming));
    observer_->onIncoming(std::move(incoming), {});
}

void PomeloLink::onRequest(const std::string& id, Incoming message) {
    const auto number = pomelo::numberOf(id);
    if (!number) return;  // no master counts like that, and some such answers would end it
    const std::string moduleId = message.moduleId;
    const JsonText body = message.body;
    const auto slot = pomelo::resultSlot(moduleId, body);
    const auto decision = recent_.decide(id, *number, moduleId + "\n" + body, loop_.now());
    if (decision.verdict == RecentRequests::Verdict::Wait) return;
    if (decision.verdict == RecentRequests::Verdict::Repeat)
        return send(pomelo::kMonitorTopic,
                    pomelo::encodeResult(id, moduleId, slot, *decision.outcome));
    auto reply = [this, alive = std::weak_ptr<bool>(alive_), id, number = *number, moduleId, body,
                  slot](Result<JsonText> result) {
        if (alive.expired()) return;
        if (result) result = pomeloShape(moduleId, body, std::move(*result));
        for (const std::string& asker : recent_.finished(id, number, result))
            send(pomelo::kMonitorTopic, pomelo::encodeResult(asker, moduleId, slot, result));
    };
    observer_->onIncoming(std::move(message), std::move(reply));
}

void PomeloLink::notify(std::string_view moduleId, const JsonText& body,
                        std::function<void(Sent)> done) {
    if (!isRegistered_) return done(Sent::Away);
    if (const auto danger = dangerOf(moduleId, body); !danger.empty()) {
        log(2, "notify dropped, it would end an original master: " + std::string(danger));
        return done(Sent::Delivered);
    }
    send(pomelo::kMonitorTopic, pomelo::encodeNotify(moduleId, body), std::move(done));
}

void PomeloLink::request(std::uint64_t id, std::string_view moduleId, const JsonText& body,
                         std::function<void(Sent)> done) {
    if (!isRegistered_) return done(Sent::Away);
    send(pomelo::kMonitorTopic, pomelo::encodeRequest(std::to_string(id), moduleId, body),
         std::move(done));
}

void PomeloLink::send(std::string_view topic, std::string payload, std::function<void(Sent)> done) {
    if (!isUp_) {
        if (done) done(Sent::Away);
        return;
    }
    mqtt::Message message;
    message.topic = topic;
    message.payload = std::move(payload);
    client_->publish(std::move(message),
                     [done = std::move(done), alive = std::weak_ptr<bool>(alive_)](
                         const Result<mqtt::PublishOutcome>& outcome) {
                         if (!done || alive.expired()) return;
                         done(outcome ? Sent::Delivered : Sent::Away);
                     });
}

void PomeloLink::setState(PresenceState /*state*/, std::int64_t /*busy*/) {}

void PomeloLink::leave(std::function<void()> done) {
    cancel(ackTimer_);
    cancel(retryTimer_);
    isUp_ = isRegistered_ = false;
    if (client_) client_->close();
    done();
}

void PomeloLink::cancel(TimerId& timer) {
    if (timer != 0) loop_.cancel(std::exchange(timer, 0));
}

void PomeloLink::log(int level, const std::string& line) const {
    if (log_) log_(level, line);
}

}  // namespace muster
