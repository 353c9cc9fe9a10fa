#include "master/cluster/orders.hpp"

#include "common/log.hpp"

#include <algorithm>

namespace muster {
namespace {

constexpr std::chrono::milliseconds kRetry{1'000};
constexpr std::chrono::milliseconds kLongestNap{60'000};  // the wall clock may be set meanwhile

/// The error that stands for an outcome when the member gave none.
Error errorOf(const Order& order) {
    switch (order.outcome) {
        case OrderOutcome::Expired: return Error(Errc::Expired, order.detail);
        case OrderOutcome::Unknown: return Error(Errc::Timeout, order.detail);
        case OrderOutcome::Refused: return Error(Errc::Conflict, order.detail);
        default: return Error(Errc::Failed, order.detail);
    }
}

}  // namespace

Orders::Orders(EventLoop& loop, Leadership& leadership, OrderSender& sender)
    : loop_(loop), leadership_(leadership), sender_(sender) {}

Orders::~Orders() {
    *isAlive_ = false;
    loop_.cancel(timer_);
}

void Orders::start() {
    std::vector<Order> orders;
    for (const auto& entry : leadership_.list(kPrefix)) {
        auto order = decodeOrder(entry.value);
        if (order && kPrefix + order->id == entry.key) {
            orders.push_back(std::move(*order));
        } else {
            log::error("orders", "{} in the store is not an order and is left alone", entry.key);
        }
    }
    act(ledger_.load(std::move(orders)));
    tick();
}

void Orders::order(OrderRequest request, Done done) {
    Order order;
    order.created = loop_.wallTime();
    order.id = wire::makeUuid(order.created);
    order.deadline = order.created + request.deadline;
    order.target = std::move(request.target);
    order.incarnation = std::move(request.incarnation);
    order.moduleId = std::move(request.moduleId);
    order.body = std::move(request.body);
    order.epoch = leadership_.term().epoch;
    const std::string id = order.id;
    auto actions = ledger_.create(std::move(order));
    if (!actions) {
        loop_.post([done = std::move(done), error = actions.error(), isAlive = isAlive_] {
            if (*isAlive && done) done({"", OrderOutcome::Failed, error, ""});
        });
        return;
    }
    waiting_[id].done = std::move(done);
    act(*actions);
    arm();
}

void Orders::memberPresent(const std::string& id, const std::string& incarnation) {
    act(ledger_.present(id, incarnation, loop_.wallTime()));
}

void Orders::memberGone(const std::string& id) {
    ledger_.gone(id);
}

void Orders::answered(const std::string& from, const std::string& orderId,
                      const wire::Answer& answer) {
    const bool wasOpen = isOpen(orderId);
    const auto actions = ledger_.answered(from, orderId, answer, loop_.wallTime());
    const auto waiting = waiting_.find(orderId);
    if (wasOpen && !isOpen(orderId) && waiting != waiting_.end()) {
        waiting->second.error = answer.error;
        waiting->second.body = answer.body;
    } else if (!wasOpen) {
        log::debug("orders", "answer of {} to order {}, which is not open, ignored", from, orderId);
    }
    act(actions);
}

bool Orders::isOpen(const std::string& id) const {
    const Order* order = ledger_.find(id);
    return order != nullptr && order->outcome == OrderOutcome::Open;
}

std::vector<Order> Orders::list(std::size_t limit) const {
    std::vector<Order> out;
    for (const auto& id : ledger_.newest(std::min(limit, OrderLedger::kMaxEnded)))
        out.push_back(*ledger_.find(id));
    return out;
}

void Orders::act(const OrderLedger::Actions& actions) {
    const auto isAlive = isAlive_;
    for (const auto& id : actions.store) store(id);
    for (const auto& id : actions.send) send(id);
    if (!actions.erase.empty()) erase(actions.erase);
    for (const auto& id : actions.finish) {
        finish(id);
        if (!*isAlive) return;  // a callback ended this object
    }
}

void Orders::store(const std::string& id) {
    const Order* order = ledger_.find(id);
    if (order == nullptr) return;
    Transaction transaction;
    transaction.puts.push_back({kPrefix + id, encodeOrder(*order)});
    leadership_.commit(std::move(transaction), [this, isAlive = isAlive_, id](auto result) {
        if (*isAlive) stored(id, result);
    });
}

void Orders::stored(const std::string& id, const Result<std::int64_t>& result) {
    if (result) return act(ledger_.stored(id));
    if (ledger_.notStored(id)) {
        const auto waiting = waiting_.extract(id);
        if (!waiting.empty() && waiting.mapped().done)
            waiting.mapped().done({"", OrderOutcome::Failed, result.error(), ""});
        return;
    }
    // A deposed leader has nothing to write any more: the next one decides about its orders.
    if (result.error().code() == Errc::Conflict) return;
    log::error("orders", "order {}: {}; trying again", id, result.error().detail());
    toRetry_.insert(id);
    arm();
}

void Orders::send(const std::string& id) {
    const Order* order = ledger_.find(id);
    if (order == nullptr || !leadership_.isLeading()) return;
    const LeaderTerm& term = leadership_.term();
    sender_.send(order->target, order->moduleId, order->body,
                 {order->id, term.epoch, term.clusterUid, order->incarnation, order->deadline});
}

void Orders::finish(const std::string& id) {
    const Order* found = ledger_.find(id);
    if (found == nullptr) return;
    const Order order = *found;  // the callbacks may make new ones
    const auto isAlive = isAlive_;
    auto waiting = waiting_.extract(id);
    if (onEnded_) onEnded_(order);
    if (!*isAlive || waiting.empty() || !waiting.mapped().done) return;
    OrderResult result{order.id, order.outcome, std::move(waiting.mapped().error),
                       std::move(waiting.mapped().body)};
    if (order.outcome != OrderOutcome::Done && !result.error) result.error = errorOf(order);
    waiting.mapped().done(result);
}

void Orders::erase(const std::vector<std::string>& ids) {
    Transaction transaction;
    for (const auto& id : ids) transaction.erases.push_back(kPrefix + id);
    leadership_.commit(std::move(transaction), [](auto result) {
        if (!result)
            log::warn("orders", "old orders stay in the store: {}", result.error().detail());
    });
}

void Orders::arm() {
    const auto next = ledger_.nextTick();
    loop_.cancel(timer_);
    timer_ = 0;
    if (!next && toRetry_.empty()) return;
    auto nap = kLongestNap;
    if (next) {
        const auto until = std::chrono::ceil<std::chrono::milliseconds>(*next - loop_.wallTime());
        nap = std::clamp(until, std::chrono::milliseconds(0), kLongestNap);
    }
    if (!toRetry_.empty()) nap = std::min(nap, kRetry);
    timer_ = loop_.after(nap, [this] { tick(); });
}

void Orders::tick() {
    timer_ = 0;
    const auto isAlive = isAlive_;
    const auto retries = std::exchange(toRetry_, {});
    for (const auto& id : retries) store(id);
    act(ledger_.tick(loop_.wallTime()));
    if (*isAlive) arm();
}

}  // namespace muster
