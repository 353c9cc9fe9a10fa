#include "common/mqtt/paho_link.hpp"

#include "common/log.hpp"
#include "common/mqtt/connect_diagnosis.hpp"
#include "common/mqtt/paho_options.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace muster::mqtt {
namespace {

constexpr std::size_t kMaxEvents = 10'000;
constexpr std::size_t kMaxEventBytes = 32 << 20;

/// From Paho's threads to the loop. Shared by the link and the tasks that it posted, which may
/// outlive it; closed with it.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
public:
    EventQueue(EventLoop& loop, PahoLink::Handler handler)
        : loop_(loop), handler_(std::move(handler)) {}

    /// Any thread; never blocks on anything but this queue's own short lock.
    void push(PahoEvent event) {
        const std::lock_guard lock(mutex_);
        if (isClosed_ || !makeRoom(event)) return;
        bytes_ += sizeOf(event);
        events_.push_back(std::move(event));
        if (isPosted_) return;
        isPosted_ = true;
        loop_.post([self = weak_from_this()] {
            if (const auto queue = self.lock()) queue->drain();
        });
    }

    /// Loop's thread: no call of the handler afterwards.
    void close() {
        const std::lock_guard lock(mutex_);
        isClosed_ = true;
        events_.clear();
    }

private:
    static std::size_t sizeOf(const PahoEvent& event) {
        return event.message.topic.size() + event.message.payload.size() + event.text.size();
    }

    /// Messages are bounded; answers are bounded by what was asked. A QoS 1 or 2 message is
    /// already acknowledged when Paho's callback returns, so losing one must not pass unseen.
    bool makeRoom(PahoEvent& event) {
        if (event.kind != PahoEvent::Kind::Message) return true;
        if (events_.size() < kMaxEvents && bytes_ + sizeOf(event) <= kMaxEventBytes) return true;
        if (event.message.qos == 0 || isOverrun_) {
            if (!isDropping_) log::warn("mqtt", "messages arrive faster than they are handled");
            isDropping_ = true;
            return false;
        }
        isOverrun_ = true;
        event = {};
        event.kind = PahoEvent::Kind::Lost;
        event.text = "messages arrive faster than they are handled";
        return true;
    }

    bool take(PahoEvent& out) {
        const std::lock_guard lock(mutex_);
        if (events_.empty()) {
            isPosted_ = isDropping_ = false;
            return false;
        }
        out = std::move(events_.front());
        events_.pop_front();
        bytes_ -= sizeOf(out);
        return true;
    }

    /// A batch; then other tasks of the loop have their turn.
    void drain() {
        const auto keep = shared_from_this();  // the handler may end the link
        PahoEvent event;
        for (int i = 0; i < 256; ++i) {
            if (!take(event)) return;
            handler_(event);
        }
        loop_.post([self = weak_from_this()] {
            if (const auto queue = self.lock()) queue->drain();
        });
    }

    EventLoop& loop_;
    PahoLink::Handler handler_;
    std::mutex mutex_;
    std::deque<PahoEvent> events_;
    std::size_t bytes_ = 0;
    bool isPosted_ = false;
    bool isClosed_ = false;
    bool isDropping_ = false;
    bool isOverrun_ = false;
};

void* contextOf(std::uint64_t id) {
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(id));
}

/// 3.1.1 has its code in one place, 5 in another; below zero are Paho's own.
int codeOf(const paho::token& token) {
    const int reason = token.get_reason_code();
    if (reason >= 0x80 && reason < paho::MQTTPP_V3_CODE) return reason;
    return token.get_return_code() > 0 ? token.get_return_code() : PahoEvent::kNoAnswer;
}

/// Told by Paho, on its threads and under its locks, how an operation ended. Must not ask Paho for
/// anything that waits (C #363, cpp #389).
class Listener final : public paho::iaction_listener {
public:
    Listener(std::shared_ptr<EventQueue> events, std::string url)
        : events_(std::move(events)), url_(std::move(url)) {}

    void on_success(const paho::token& token) override {
        // Connected is told by the handler that Paho calls after this has returned: nothing may
        // be sent before (cpp #356).
        if (token.get_type() == paho::token::CONNECT) return;
        answered(token, token.get_type() == paho::token::PUBLISH ? token.get_reason_code() : 0);
    }
    void on_failure(const paho::token& token) override {
        if (token.get_type() != paho::token::CONNECT) return answered(token, codeOf(token));
        PahoEvent event;
        event.kind = PahoEvent::Kind::ConnectFailed;
        event.code = codeOf(token);
        if (event.code < 0) return explain(event);
        events_->push(std::move(event));
    }

private:
    void answered(const paho::token& token, int code) {
        PahoEvent event;
        event.kind = PahoEvent::Kind::Answered;
        event.id = reinterpret_cast<std::uintptr_t>(token.get_user_context());
        event.code = code;
        events_->push(std::move(event));
    }

    /// Paho has one code for all of it, and does not say more. Found out on a thread of its own,
    /// which holds the queue and may outlive the link: a lookup can take as long as it likes.
    void explain(const PahoEvent& event) {
        const auto find = [events = events_, url = url_, told = event]() mutable {
            told.text = diagnoseConnect(url);
            events->push(std::move(told));
        };
        try {
            std::thread(find).detach();
        } catch (const std::system_error&) {
            events_->push(event);  // no thread to be had: then without the reason
        }
    }

    std::shared_ptr<EventQueue> events_;  // shared with explanations under way
    std::string url_;
};

Error errorOf(const paho::exception& e) {
    switch (e.get_return_code()) {
        case MQTTASYNC_DISCONNECTED: return Error(Errc::Closed, "not connected");
        case MQTTASYNC_MAX_BUFFERED_MESSAGES:
        case MQTTASYNC_NO_MORE_MSGIDS:
            return Error(Errc::Limit, "too many unacknowledged messages");
        case MQTTASYNC_BAD_UTF8_STRING: return Error(Errc::BadMessage, "text is not UTF-8");
        default: return Error(Errc::Failed, e.what());
    }
}

/// Runs a call of Paho, whose exceptions end here.
template <class Call>
Result<void> guarded(Call call) {
    try {
        call();
        return {};
    } catch (const paho::exception& e) {
        return errorOf(e);
    } catch (const std::exception& e) {
        return Error(Errc::Failed, e.what());
    }
}

}  // namespace

struct PahoLink::State {
    State(EventLoop& loop, const ConnectOptions& given, Handler handler)
        : options(given),
          events(makeEvents(loop, std::move(handler))),
          listener(events, given.url) {
        fillConnectOptions(options, connectOptions);
    }

    std::shared_ptr<EventQueue> makeEvents(EventLoop& loop, Handler handler);
    void setHandlers();
    bool isSessionPresent() const;

    ConnectOptions options;
    std::shared_ptr<EventQueue> events;    // shared with tasks in the loop, and explanations
    Listener listener;                     // outlives `client`, which calls it
    paho::connect_options connectOptions;  // stays in its place: see fillConnectOptions()
    paho::token_ptr connectToken;
    paho::delivery_token_ptr lastPublish;
    std::unique_ptr<paho::async_client> client;
};

std::shared_ptr<EventQueue> PahoLink::State::makeEvents(EventLoop& loop, Handler handler) {
    return std::make_shared<EventQueue>(loop,
                                        [this, handler = std::move(handler)](PahoEvent& event) {
                                            if (event.kind == PahoEvent::Kind::Connected)
                                                event.sessionPresent = isSessionPresent();
                                            handler(event);  // may end the link: nothing after it
                                        });
}

/// Asked on the loop's thread, when the token is complete and does not wait; not in a callback.
bool PahoLink::State::isSessionPresent() const {
    bool result = false;
    const auto asked =
        guarded([&] { result = connectToken->get_connect_response().is_session_present(); });
    return asked && result;
}

void PahoLink::State::setHandlers() {
    client->set_connected_handler([this](const std::string&) {
        PahoEvent event;
        event.kind = PahoEvent::Kind::Connected;
        events->push(std::move(event));
    });
    client->set_connection_lost_handler([this](const std::string& cause) {
        PahoEvent event;
        event.text = cause.empty() ? "connection lost" : cause;
        events->push(std::move(event));
    });
    client->set_disconnected_handler(
        [this](const paho::properties& properties, paho::ReasonCode code) {
            PahoEvent event;
            event.kind = PahoEvent::Kind::Disconnected;
            event.code = code;
            if (properties.contains(paho::property::REASON_STRING))
                event.text = paho::get<std::string>(properties, paho::property::REASON_STRING);
            events->push(std::move(event));
        });
    client->set_message_callback([this](const paho::const_message_ptr& message) {
        PahoEvent event;
        event.kind = PahoEvent::Kind::Message;
        event.message = fromPaho(*message);
        events->push(std::move(event));
    });
}

PahoLink::PahoLink(EventLoop& loop, const ConnectOptions& options, Handler handler)
    : state_(std::make_unique<State>(loop, options, std::move(handler))) {}

PahoLink::~PahoLink() {
    state_->events->close();
    // Takes the lock that callbacks run under: when it returns, none runs and none will. It sends
    // DISCONNECT if the connection is up, and answers what is open into the closed queue.
    state_->client.reset();
}

Result<void> PahoLink::open() {
    const auto url = pahoUrl(state_->options.url);
    if (!url) return url.error();
    return guarded([&] {
        state_->client = std::make_unique<paho::async_client>(*url, state_->options.clientId,
                                                              createOptions(state_->options));
        state_->setHandlers();
        state_->connectToken =
            state_->client->connect(state_->connectOptions, nullptr, state_->listener);
    });
}

Result<void> PahoLink::publish(std::uint64_t id, const Message& message) {
    return guarded([&] {
        state_->lastPublish = state_->client->publish(toPaho(message, state_->options.version),
                                                      contextOf(id), state_->listener);
    });
}

Result<void> PahoLink::subscribe(std::uint64_t id, const std::string& filter, int qos) {
    return guarded(
        [&] { state_->client->subscribe(filter, qos, contextOf(id), state_->listener); });
}

Result<void> PahoLink::unsubscribe(std::uint64_t id, const std::string& filter) {
    return guarded([&] { state_->client->unsubscribe(filter, contextOf(id), state_->listener); });
}

bool PahoLink::drain(std::chrono::milliseconds patience) {
    if (!state_->lastPublish) return true;
    // One that the broker had no use for ends in an exception; it has gone out all the same.
    bool isDone = true;
    const auto waited = guarded([&] {
        isDone = state_->lastPublish->wait_for(std::max(patience, std::chrono::milliseconds(0)));
    });
    (void)waited;
    return isDone;
}

void PahoLink::disconnect(std::chrono::milliseconds patience) {
    state_->events->close();
    if (!state_->client) return;
    const auto sent = guarded([&] {
        state_->client->disconnect(static_cast<int>(patience.count()))->wait_for(patience);
    });
    (void)sent;  // not connected, or too slow: the destructor breaks the connection
}

struct PahoThreads::Anchor {
    paho::async_client client{"tcp://127.0.0.1:1", "anchor"};  // never connects
};

PahoThreads::PahoThreads() : anchor_(std::make_unique<Anchor>()) {}
PahoThreads::~PahoThreads() = default;

}  // namespace muster::mqtt
