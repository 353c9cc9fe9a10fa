#include "common/mqtt/paho_client.hpp"

#include "common/log.hpp"
#include "common/mqtt/backoff.hpp"
#include "common/mqtt/paho_link.hpp"
#include "common/mqtt/paho_options.hpp"
#include "common/mqtt/subscription_list.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <utility>

namespace muster::mqtt {
namespace {

using std::chrono::milliseconds;
using PublishDone = std::function<void(Result<PublishOutcome>)>;

constexpr int kMaxInflight = 20;  // Paho scans all of them for every publish
constexpr std::size_t kMaxUnacknowledgedBytes = 16 << 20;
constexpr milliseconds kDrainPatience{1'000};  // for what was published before the end
constexpr milliseconds kDisconnectPatience{150};
// Paho's receiving thread looks at a new socket up to a second late, twice in a connect.
constexpr milliseconds kMinConnectTimeout{3'000};
constexpr int kNoMatchingSubscribers = 0x10;
constexpr int kNotAuthorized = 0x87;

/// CONNACK codes after which the same CONNECT has no better chance: version, identifier,
/// credentials, rights, banned (3.1.1, 3.2.2.3; MQTT 5, 3.2.2.2).
bool isRefusal(int code) {
    return code == 1 || code == 2 || code == 4 || code == 5 || (code >= 0x84 && code <= 0x87) ||
           code == 0x8A || code == 0x8C;
}

std::string connectFailure(int code, const std::string& reason) {
    if (code < 0) return reason.empty() ? "no connection to the broker" : reason;
    if (code == 4 || code == 0x86) return "the broker refused user name or password";
    if (code == 2 || code == 0x85) return "the broker refused the client identifier";
    if (code == 5 || code == kNotAuthorized) return "the broker refused: not authorized";
    return fmt::format("the broker refused with code {:#04x}", code);
}

Result<PublishOutcome> outcomeOf(int code) {
    if (code < 0) return Error(Errc::Closed, "connection lost before the acknowledgement");
    if (code == kNoMatchingSubscribers) return PublishOutcome::NoSubscriber;
    if (code < 0x80) return PublishOutcome::Delivered;
    if (code == kNotAuthorized) return Error(Errc::Denied, "the broker refused the topic");
    if (code == 0x97 || code == 0x93) return Error(Errc::Limit, "the broker's quota is exhausted");
    return Error(Errc::Failed, fmt::format("the broker answered {:#04x}", code));
}

}  // namespace

/// The life of a client: attempts, one link at a time, and what waits for answers.
class PahoClient::Impl : public std::enable_shared_from_this<Impl> {
public:
    explicit Impl(EventLoop& loop) : loop_(loop), backoff_({}, {}, 0) {}
    ~Impl() { close(); }

    void connect(ConnectOptions options, ClientObserver& observer);
    void publish(const Message& message, PublishDone done);
    void subscribe(std::string filter, int qos, SubscriptionList::Done done);
    void unsubscribe(const std::string& filter);
    void close();

private:
    struct Pending {
        PublishDone done;
        std::size_t size;
        bool isInFlight = false;  // counts in inFlight_
    };
    struct Waiting {
        std::uint64_t id;
        Message message;
    };

    void attempt();
    void attemptTimedOut();
    void handle(PahoEvent& event);
    void connected(bool sessionPresent);
    void ended(const std::string& reason, bool refused, bool isPatient);
    void answered(std::uint64_t id, int code);
    Result<void> mayPublish(const Message& message, std::size_t size) const;
    bool hasWindow(const Message& message) const;
    void hand(std::uint64_t id, const Message& message);
    void handWaiting();
    void drain();
    void failPending();
    void sendSubscriptions();
    void startTimer(milliseconds delay, void (Impl::*task)());
    void stopTimer();
    /// Runs `task` in a later turn, unless the client is closed or gone by then.
    void later(std::function<void()> task);
    template <class Value>
    void finishLater(std::function<void(Result<Value>)> done, Result<Value> result) {
        if (done) later([done = std::move(done), result = std::move(result)] { done(result); });
    }

    EventLoop& loop_;
    std::unique_ptr<PahoThreads> threads_;  // outlives the links
    ConnectOptions options_;
    ClientObserver* observer_ = nullptr;
    Backoff backoff_;
    std::unique_ptr<PahoLink> link_;
    bool isConnected_ = false;
    bool isClosed_ = false;
    TimerId timer_ = 0;  // of the attempt, or of the wait before the next; 0: none
    std::uint64_t nextId_ = 1;
    std::map<std::uint64_t, Pending> pending_;
    std::size_t pendingBytes_ = 0;
    std::deque<Waiting> waiting_;  // of pending_, what Paho does not have yet
    int inFlight_ = 0;             // of pending_, what Paho has and the broker has to acknowledge
    SubscriptionList subscriptions_;
};

void PahoClient::Impl::connect(ConnectOptions options, ClientObserver& observer) {
    if (observer_ != nullptr || isClosed_) return;
    options_ = std::move(options);
    options_.connectTimeout = std::max(options_.connectTimeout, kMinConnectTimeout);
    observer_ = &observer;
    backoff_ = Backoff(options_.backoffFirst, options_.backoffCap, std::random_device{}());
    threads_ = std::make_unique<PahoThreads>();
    later([this] { attempt(); });
}

void PahoClient::Impl::attempt() {
    link_ = std::make_unique<PahoLink>(loop_, options_, [this](PahoEvent& event) {
        const auto keep = shared_from_this();  // the observer may destroy the client
        handle(event);
    });
    if (const auto opened = link_->open(); !opened)
        return ended(opened.error().detail(), opened.error().code() == Errc::BadMessage, true);
    startTimer(options_.connectTimeout, &Impl::attemptTimedOut);
}

void PahoClient::Impl::attemptTimedOut() {
    ended(
        fmt::format("the broker did not answer CONNECT in {} ms", options_.connectTimeout.count()),
        false, false);
}

void PahoClient::Impl::handle(PahoEvent& event) {
    using enum PahoEvent::Kind;
    switch (event.kind) {
        case Connected: return connected(event.sessionPresent);
        case ConnectFailed: {
            const bool refused = isRefusal(event.code);
            return ended(connectFailure(event.code, event.text), refused, refused);
        }
        case Lost: return ended(event.text, false, false);
        case Disconnected: {
            // Taken over, not authorized, ended by an administrator: coming back at once would
            // only repeat it.
            const bool isFinal =
                event.code == 0x8E || event.code == kNotAuthorized || event.code == 0x98;
            return ended(
                fmt::format("the broker disconnected with code {:#04x} {}", event.code, event.text),
                event.code == kNotAuthorized, isFinal);
        }
        case Message: return observer_->onMessage(event.message);
        case Answered: return answered(event.id, event.code);
    }
}

void PahoClient::Impl::connected(bool sessionPresent) {
    stopTimer();
    backoff_.reset();
    isConnected_ = true;
    subscriptions_.connected();
    sendSubscriptions();
    observer_->onConnected(sessionPresent);
}

/// A link's end, or an attempt's: what waited is answered, the next attempt is timed.
void PahoClient::Impl::ended(const std::string& reason, bool refused, bool isPatient) {
    stopTimer();
    isConnected_ = false;
    link_.reset();
    subscriptions_.lost();
    failPending();
    if (options_.backoffFirst.count() > 0)
        startTimer(isPatient ? backoff_.jittered(options_.refusedDelay) : backoff_.next(),
                   &Impl::attempt);
    observer_->onLost(reason, refused);
}

void PahoClient::Impl::failPending() {
    waiting_.clear();
    inFlight_ = 0;
    for (auto& [id, pending] : std::exchange(pending_, {}))
        finishLater<PublishOutcome>(std::move(pending.done), outcomeOf(PahoEvent::kNoAnswer));
    pendingBytes_ = 0;
}

void PahoClient::Impl::answered(std::uint64_t id, int code) {
    if (auto node = pending_.extract(id)) {
        pendingBytes_ -= node.mapped().size;
        if (node.mapped().isInFlight) --inFlight_;
        handWaiting();
        if (node.mapped().done) node.mapped().done(outcomeOf(code));
        return;
    }
    if (subscriptions_.answered(id, code)) sendSubscriptions();
}

Result<void> PahoClient::Impl::mayPublish(const Message& message, std::size_t size) const {
    if (!isConnected_) return Error(Errc::Closed, "not connected to the broker");
    const bool isFull = pending_.size() >= static_cast<std::size_t>(kMaxUnacknowledged) ||
                        pendingBytes_ + size > kMaxUnacknowledgedBytes;
    if (isFull && !pending_.empty())
        return Error(Errc::Limit, "too many messages that the broker has not acknowledged");
    return checkMessage(message);
}

void PahoClient::Impl::publish(const Message& message, PublishDone done) {
    const std::size_t size = message.topic.size() + message.payload.size();
    const std::uint64_t id = nextId_++;
    const Result<void> may = mayPublish(message, size);
    if (!may) return finishLater<PublishOutcome>(std::move(done), may.error());
    pending_.emplace(id, Pending{std::move(done), size});
    pendingBytes_ += size;
    if (waiting_.empty() && hasWindow(message))
        hand(id, message);
    else
        waiting_.push_back({id, message});
}

bool PahoClient::Impl::hasWindow(const Message& message) const {
    return message.qos == 0 || inFlight_ < kMaxInflight;
}

void PahoClient::Impl::hand(std::uint64_t id, const Message& message) {
    const auto sent = link_->publish(id, message);
    if (sent) {
        if (message.qos == 0) return;
        pending_.at(id).isInFlight = true;
        ++inFlight_;
        return;
    }
    auto refused = pending_.extract(id);
    pendingBytes_ -= refused.mapped().size;
    finishLater<PublishOutcome>(std::move(refused.mapped().done), sent.error());
}

/// In their order. Paho itself would go on after an acknowledgement only when it next wakes up, up
/// to a second later.
void PahoClient::Impl::handWaiting() {
    while (isConnected_ && !waiting_.empty() && hasWindow(waiting_.front().message)) {
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        hand(next.id, next.message);
    }
}

void PahoClient::Impl::subscribe(std::string filter, int qos, SubscriptionList::Done done) {
    auto finish = [this, done = std::move(done)](Result<void> result) {
        finishLater<void>(done, std::move(result));
    };
    const bool isFilter = !filter.empty() && filter.size() <= 0xFFFF &&
                          filter.find('\0') == std::string::npos && qos >= 0 && qos <= 2;
    if (!isFilter) return finish(Error(Errc::BadMessage, "not a topic filter, or not a QoS"));
    const auto added = subscriptions_.add(std::move(filter), qos, finish);
    if (!added) return finish(added);
    sendSubscriptions();
}

void PahoClient::Impl::unsubscribe(const std::string& filter) {
    subscriptions_.remove(filter);
    sendSubscriptions();
}

void PahoClient::Impl::sendSubscriptions() {
    while (isConnected_) {
        const auto command = subscriptions_.next(nextId_++);
        if (!command) return;
        const auto sent = command->isSubscribe
                              ? link_->subscribe(command->id, command->filter, command->qos)
                              : link_->unsubscribe(command->id, command->filter);
        if (sent) continue;
        log::warn("mqtt", "subscription to {} not sent: {}", command->filter,
                  sent.error().detail());
        const bool isOurs = sent.error().code() == Errc::BadMessage;
        subscriptions_.answered(command->id, isOurs ? 0x8F : PahoEvent::kNoAnswer);
    }
}

void PahoClient::Impl::startTimer(milliseconds delay, void (Impl::*task)()) {
    timer_ = loop_.after(delay, [weak = weak_from_this(), task] {
        const auto self = weak.lock();
        if (!self || self->isClosed_) return;
        self->timer_ = 0;
        (self.get()->*task)();
    });
}

void PahoClient::Impl::stopTimer() {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
}

void PahoClient::Impl::later(std::function<void()> task) {
    loop_.post([weak = weak_from_this(), task = std::move(task)] {
        const auto self = weak.lock();
        if (self && !self->isClosed_) task();
    });
}

/// A window at a time, as ever: of what exceeds the broker's Receive Maximum (MQTT 5, 3.2.2.3.3)
/// Paho sends nothing until its thread next wakes up.
void PahoClient::Impl::drain() {
    const auto end = std::chrono::steady_clock::now() + kDrainPatience;
    while (true) {
        const auto left = end - std::chrono::steady_clock::now();
        if (!link_->drain(std::chrono::ceil<milliseconds>(left)) || waiting_.empty()) return;
        inFlight_ = 0;
        handWaiting();
    }
}

void PahoClient::Impl::close() {
    if (std::exchange(isClosed_, true)) return;
    stopTimer();
    if (link_ && isConnected_) {
        drain();
        link_->disconnect(kDisconnectPatience);
    }
    isConnected_ = false;
    link_.reset();
}

PahoClient::PahoClient(EventLoop& loop) : impl_(std::make_shared<Impl>(loop)) {}

PahoClient::~PahoClient() {
    impl_->close();
}

void PahoClient::connect(ConnectOptions options, ClientObserver& observer) {
    impl_->connect(std::move(options), observer);
}

void PahoClient::publish(Message message, PublishDone done) {
    impl_->publish(message, std::move(done));
}

void PahoClient::subscribe(std::string filter, int qos, std::function<void(Result<void>)> done) {
    impl_->subscribe(std::move(filter), qos, std::move(done));
}

void PahoClient::unsubscribe(std::string filter) {
    impl_->unsubscribe(filter);
}

void PahoClient::close() {
    impl_->close();
}

}  // namespace muster::mqtt
