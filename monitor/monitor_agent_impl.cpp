#include "monitor/monitor_agent_impl.hpp"

#include "common/once_reply.hpp"
#include "common/wire/json_scanner.hpp"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr std::chrono::seconds kHandlerPatience{60};
constexpr std::chrono::seconds kAwayRetry{5};
constexpr std::size_t kMaxBody = 1024 * 1024;
constexpr int kMaxBodyDepth = 60;  // the envelope around it needs some of wire::kMaxJsonDepth
constexpr std::size_t kMaxValues = 10'000;

Result<void> checkBody(const JsonText& body) {
    if (body.size() > kMaxBody) return Error(Errc::Limit, "a body may have 1 MiB");
    if (!body.empty() && !wire::isValidJson(body, kMaxBodyDepth))
        return Error(Errc::BadMessage, "the body is not JSON of at most 60 levels");
    return {};
}

}  // namespace

MonitorAgentImpl::MonitorAgentImpl(std::shared_ptr<EventLoop> loop,
                                   std::shared_ptr<UserCalls> calls, ServerInfo self,
                                   std::size_t maxQueued, AgentHooks hooks)
    : loop_(std::move(loop)),
      calls_(std::move(calls)),
      self_(std::move(self)),
      hooks_(std::move(hooks)),
      modules_(*loop_, *calls_),
      notifies_(maxQueued) {}

void MonitorAgentImpl::onLoop(std::function<void(MonitorAgentImpl&)> function) {
    loop_->post([weak = weak_from_this(), function = std::move(function)] {
        const auto self = weak.lock();
        if (self && !self->isClosed_) function(*self);
    });
}

void MonitorAgentImpl::start(std::unique_ptr<Uplink> uplink) {
    uplink_ = std::move(uplink);
    uplink_->setState(state_, busy_);
    uplink_->start(*this);
}

void MonitorAgentImpl::notify(std::string_view moduleId, JsonText body) {
    if (const auto ok = checkBody(body); !ok)
        return onLoop([line = "notify of " + std::string(moduleId) + " dropped: " +
                              ok.error().detail()](MonitorAgentImpl& self) { self.log(2, line); });
    std::uint64_t dropped = 0;
    {
        std::lock_guard lock(mutex_);
        if (notifies_.push(std::string(moduleId), std::move(body))) dropped = notifies_.dropped();
    }
    if (dropped != 0)
        emit(MonitorEvent::Dropped,
             "the queue of notifies is full, dropped so far: " + std::to_string(dropped));
    scheduleFlush();
}

void MonitorAgentImpl::scheduleFlush() {
    {
        std::lock_guard lock(mutex_);
        if (std::exchange(isFlushPosted_, true)) return;
    }
    onLoop([](MonitorAgentImpl& self) { self.flush(); });
}

void MonitorAgentImpl::flush() {
    for (;;) {
        std::optional<NotifyQueue::Item> item;
        {
            std::lock_guard lock(mutex_);
            isFlushPosted_ = false;
            if (isMasterThere_) item = notifies_.next();
        }
        if (!item) return;
        uplink_->notify(item->moduleId, item->body,
                        [this, number = item->number](Sent sent) { onNotifySent(number, sent); });
    }
}

void MonitorAgentImpl::onNotifySent(std::uint64_t number, Sent sent) {
    {
        std::lock_guard lock(mutex_);
        if (sent == Sent::Away)
            notifies_.returned(number);
        else
            notifies_.acknowledged(number);
    }
    if (sent == Sent::Refused) log(2, "the broker refused a notify: dropped");
    if (sent == Sent::Away) return setAway();
    if (isMasterThere_) scheduleFlush();
}

// Nobody receives at the other end: wait for a leader record, or look again after a while.
void MonitorAgentImpl::setAway() {
    isMasterThere_ = false;
    if (awayTimer_ != 0 || !isRegistered_) return;
    awayTimer_ = loop_->after(kAwayRetry, [this] {
        awayTimer_ = 0;
        onMasterSeen();
    });
}

void MonitorAgentImpl::onMasterSeen() {
    if (!isRegistered_) return;
    if (awayTimer_ != 0) loop_->cancel(std::exchange(awayTimer_, 0));
    isMasterThere_ = true;
    sendWaiting();
    flush();
}

void MonitorAgentImpl::request(std::string_view moduleId, JsonText body, Reply done,
                               std::chrono::milliseconds timeout) {
    // Answers where the host wants its callbacks, whoever gives them.
    Reply toUser = [calls = calls_, done](Result<JsonText> result) {
        if (done)
            calls->run("reply to a request", [done, result = std::move(result)] { done(result); });
    };
    if (const auto ok = checkBody(body); !ok) return toUser(ok.error());
    const TimePoint deadline = loop_->now() + std::max(timeout, std::chrono::milliseconds(1));
    std::unique_lock lock(mutex_);
    if (isStopped_) {  // no loop any more
        lock.unlock();
        return calls_->runHere("reply to a request",
                               [done] { done(Error(Errc::Closed, "the monitor stopped")); });
    }
    loop_->post([self = shared_from_this(), moduleId = std::string(moduleId),
                 body = std::move(body), toUser = std::move(toUser), deadline]() mutable {
        self->startRequest(std::move(moduleId), std::move(body), std::move(toUser), deadline);
    });
}

void MonitorAgentImpl::startRequest(std::string moduleId, JsonText body, Reply done,
                                    TimePoint deadline) {
    if (isClosed_) return done(Error(Errc::Closed, "the monitor stopped"));
    const auto id = outgoing_.add(std::move(done), deadline);
    if (!id) return done(id.error());  // NOLINT(bugprone-use-after-move): add() says so
    auto& request = waiting_[*id] = Outgoing{std::move(moduleId), std::move(body), false};
    sweepLater();
    if (isMasterThere_) sendRequest(*id, request);
}

void MonitorAgentImpl::sendRequest(std::uint64_t id, Outgoing& request) {
    request.isSent = true;
    uplink_->request(id, request.moduleId, request.body, [this, id](Sent sent) {
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) return;
        if (sent == Sent::Away) {
            found->second.isSent = false;
            return setAway();
        }
        waiting_.erase(found);
        if (sent == Sent::Refused)
            onAnswer(id, Error(Errc::Denied, "the broker refused the request"));
    });
}

void MonitorAgentImpl::sendWaiting() {
    std::vector<std::uint64_t> ids;  // sending may change the table
    for (const auto& [id, request] : waiting_)
        if (!request.isSent) ids.push_back(id);
    for (const std::uint64_t id : ids)
        if (const auto found = waiting_.find(id); found != waiting_.end() && isMasterThere_)
            sendRequest(id, found->second);
}

void MonitorAgentImpl::onAnswer(std::uint64_t requestId, Result<JsonText> answer) {
    waiting_.erase(requestId);
    if (const auto reply = outgoing_.take(requestId)) (*reply)(std::move(answer));
}

void MonitorAgentImpl::onIncoming(Incoming message, Reply reply) {
    if (!message.command.empty()) {
        onCommand(message);
        if (reply) reply(JsonText());
        return;
    }
    if (!reply) {
        if (const auto ok = modules_.dispatch(message.moduleId, std::move(message.body),
                                              [](Result<JsonText>) {});
            !ok)
            log(0, "notify ignored: " + ok.error().detail());
        return;
    }
    const Reply owed = guarded(std::move(reply), message.patience.value_or(kHandlerPatience));
    if (const auto ok = modules_.dispatch(message.moduleId, std::move(message.body), owed); !ok)
        owed(ok.error());
}

void MonitorAgentImpl::onCommand(const Incoming& message) {
    if (message.command != "enable" && message.command != "disable")
        return log(1, "unknown command ignored: " + message.command.substr(0, 64));
    if (const auto ok = modules_.setEnabled(message.moduleId, message.command == "enable"); !ok)
        log(0, message.command + " ignored: " + ok.error().detail());
}

// A reply that may be called, dropped or forgotten on any thread, and answers once and in time.
Reply MonitorAgentImpl::guarded(Reply reply, std::chrono::milliseconds patience) {
    const TimePoint deadline = loop_->now() + std::max(patience, std::chrono::milliseconds(1));
    const auto id = incoming_.add(std::move(reply), deadline);
    if (!id) {
        reply(id.error());  // NOLINT(bugprone-use-after-move): add() says so
        return [](Result<JsonText>) {};
    }
    sweepLater();
    return onceReply([weak = weak_from_this(), loop = std::weak_ptr<EventLoop>(loop_),
                      id = *id](Result<JsonText> result) {
        const auto target = loop.lock();
        if (!target) return;
        target->post([weak, id, result = std::move(result)]() mutable {
            if (const auto self = weak.lock()) self->answerIncoming(id, std::move(result));
        });
    });
}

void MonitorAgentImpl::answerIncoming(std::uint64_t id, Result<JsonText> result) {
    const auto reply = incoming_.take(id);
    if (!reply) return;  // too late
    if (result) {
        if (const auto ok = checkBody(*result); !ok)
            return (*reply)(Error(Errc::Failed, "unusable answer: " + ok.error().detail()));
    }
    (*reply)(std::move(result));
}

void MonitorAgentImpl::onTransportUp() {
    emit(MonitorEvent::Connected, "");
}

void MonitorAgentImpl::onRegistered() {
    isRegistered_ = true;
    lossToldOf_.clear();
    modules_.start(shared_from_this());
    emit(MonitorEvent::Registered, "");
    if (hooks_.registered) hooks_.registered(*this);
    onMasterSeen();
}

void MonitorAgentImpl::onLost(Loss loss, std::string_view reason) {
    isRegistered_ = isMasterThere_ = false;
    const MonitorEvent event = loss == Loss::Refused     ? MonitorEvent::Refused
                               : loss == Loss::TakenOver ? MonitorEvent::TakenOver
                                                         : MonitorEvent::Disconnected;
    // Once: it is tried again every few seconds, and mostly fails for the same reason.
    if (reason != lossToldOf_) log(2, "no master: " + std::string(reason) + "; trying again");
    lossToldOf_ = reason;
    emit(event, std::string(reason));
}

void MonitorAgentImpl::setState(PresenceState state) {
    state_ = state;
    if (uplink_) uplink_->setState(state_, busy_);
}

void MonitorAgentImpl::setBusy(std::int64_t count) {
    busy_ = std::max<std::int64_t>(count, 0);
    if (uplink_) uplink_->setState(state_, busy_);
}

void MonitorAgentImpl::publishMetric(const JsonText& sample) {
    if (isRegistered_ && !isClosed_ && uplink_) uplink_->publishMetric(sample);
}

void MonitorAgentImpl::close(std::function<void()> done) {
    if (isClosed_) return done();
    onClosed_ = std::move(done);
    if (!uplink_) return finishClosing();
    uplink_->leave([this] {
        // Not here: the uplink is on the stack.
        loop_->post([self = shared_from_this()] { self->finishClosing(); });
    });
}

void MonitorAgentImpl::finishClosing() {
    isClosed_ = true;
    isRegistered_ = isMasterThere_ = false;
    for (const TimerId timer : {sweepTimer_, awayTimer_})
        if (timer != 0) loop_->cancel(timer);
    for (const Reply& reply : outgoing_.takeAll())
        reply(Error(Errc::Closed, "the monitor stopped"));
    (void)incoming_.takeAll();  // their asker is gone
    waiting_.clear();
    modules_.close();
    uplink_.reset();
    {
        std::lock_guard lock(mutex_);
        isStopped_ = true;
    }
    if (onClosed_) std::exchange(onClosed_, {})();
}

void MonitorAgentImpl::sweepLater() {
    auto next = outgoing_.nextDeadline();
    const auto other = incoming_.nextDeadline();
    if (other && (!next || *other < *next)) next = other;
    if (!next || (sweepTimer_ != 0 && sweepAt_ <= *next)) return;
    if (sweepTimer_ != 0) loop_->cancel(sweepTimer_);
    sweepAt_ = *next;
    const auto delay = std::max(*next - loop_->now(), TimePoint::duration(0));
    sweepTimer_ =
        loop_->after(std::chrono::ceil<std::chrono::milliseconds>(delay), [this] { sweep(); });
}

void MonitorAgentImpl::sweep() {
    sweepTimer_ = 0;
    const TimePoint now = loop_->now();
    for (const Reply& reply : outgoing_.takeExpired(now))
        reply(Error(Errc::Timeout, "no answer from the master in time"));
    for (const Reply& reply : incoming_.takeExpired(now))
        reply(Error(Errc::Timeout, "the handler gave no answer in time"));
    for (auto request = waiting_.begin(); request != waiting_.end();)
        request = outgoing_.contains(request->first) ? std::next(request) : waiting_.erase(request);
    sweepLater();
}

void MonitorAgentImpl::set(std::string_view moduleId, JsonText value) {
    std::lock_guard lock(mutex_);
    if (values_.size() >= kMaxValues && values_.find(moduleId) == values_.end()) return;
    values_.insert_or_assign(std::string(moduleId), std::move(value));
}

JsonText MonitorAgentImpl::get(std::string_view moduleId) const {
    std::lock_guard lock(mutex_);
    const auto found = values_.find(moduleId);
    return found == values_.end() ? JsonText("null") : found->second;
}

void MonitorAgentImpl::emit(MonitorEvent event, std::string detail) {
    if (!hooks_.event) return;
    calls_->run("onEvent",
                [event, detail = std::move(detail), tell = hooks_.event] { tell(event, detail); });
}

void MonitorAgentImpl::log(int level, const std::string& line) const {
    if (hooks_.log) hooks_.log(level, line);
}

}  // namespace muster
