#include "master/cluster/order_ledger.hpp"

#include <algorithm>

namespace muster {
namespace {

constexpr std::size_t kMaxDetail = 1 << 10;

/// Cuts at a character's border.
std::string bounded(std::string text) {
    if (text.size() <= kMaxDetail) return text;
    std::size_t end = kMaxDetail;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    return text;
}

/// What an answer says about the order: which errors mean that it was not carried out.
OrderOutcome outcomeOf(const wire::Answer& answer) {
    if (!answer.error) return OrderOutcome::Done;
    switch (answer.error->code()) {
        case Errc::Expired: return OrderOutcome::Expired;
        case Errc::Conflict:
        case Errc::UnknownModule:
        case Errc::ModuleDisabled:
        case Errc::Denied:
        case Errc::BadMessage:
        case Errc::NotSupported:
        case Errc::Limit: return OrderOutcome::Refused;
        default: return OrderOutcome::Failed;
    }
}

/// Unsent orders end at their deadline; sent ones may still be answered a while.
WallTime dueAt(const Order& order) {
    return order.isSent ? order.deadline + OrderLedger::kAnswerGrace : order.deadline;
}

}  // namespace

OrderLedger::Actions OrderLedger::load(std::vector<Order> orders) {
    Actions actions;
    std::sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
        return std::tie(a.ended, a.id) < std::tie(b.ended, b.id);
    });
    for (auto& order : orders) {
        const std::string id = order.id;
        Entry entry;
        entry.order = std::move(order);
        entry.isStored = true;
        const Order& known = orders_.insert_or_assign(id, std::move(entry)).first->second.order;
        if (known.outcome == OrderOutcome::Open) {
            due_.emplace(dueAt(known), id);
            byTarget_.emplace(known.target, id);
        } else {
            finish(id, actions);
        }
    }
    actions.finish.clear();  // those ended under an earlier leader
    return actions;
}

Result<OrderLedger::Actions> OrderLedger::create(Order order) {
    if (due_.size() >= kMaxOpen)
        return Error(Errc::Limit, "10000 orders are open: wait until some have ended");
    if (order.body.size() > kMaxBody)
        return Error(Errc::BadMessage, "the body of an order has at most 1 MiB");
    if (order.id.empty() || order.target.empty() || order.moduleId.empty())
        return Error(Errc::BadMessage, "an order needs a target and a module");
    if (orders_.contains(order.id)) return Error(Errc::Conflict, "an order of this id exists");
    Actions actions;
    Entry& entry = orders_[order.id];
    entry.order = std::move(order);
    entry.order.isSent = present_.contains(entry.order.target);
    due_.emplace(dueAt(entry.order), entry.order.id);
    byTarget_.emplace(entry.order.target, entry.order.id);
    save(entry, actions);
    return actions;
}

void OrderLedger::save(Entry& entry, Actions& actions) {
    entry.isDirty = entry.isStoring;
    if (entry.isStoring) return;
    entry.isStoring = true;
    actions.store.push_back(entry.order.id);
}

OrderLedger::Actions OrderLedger::stored(const std::string& id) {
    Actions actions;
    const auto found = orders_.find(id);
    if (found == orders_.end()) return actions;
    Entry& entry = found->second;
    entry.isStored = true;
    entry.isStoring = false;
    if (entry.isDirty) {
        save(entry, actions);
    } else if (entry.order.outcome == OrderOutcome::Open) {
        trySend(entry, actions);
    } else {
        finish(id, actions);
    }
    return actions;
}

bool OrderLedger::notStored(const std::string& id) {
    const auto found = orders_.find(id);
    if (found == orders_.end() || found->second.isStored) return false;
    due_.erase({dueAt(found->second.order), id});
    byTarget_.erase({found->second.order.target, id});
    orders_.erase(found);
    return true;
}

/// That it is sent is stored first: after a crash in between, "unknown" is true and "expired"
/// (never carried out) might not be.
void OrderLedger::trySend(Entry& entry, Actions& actions) {
    if (!present_.contains(entry.order.target) || entry.isStoring) return;
    if (entry.order.isSent) {
        actions.send.push_back(entry.order.id);
        return;
    }
    markSent(entry.order);
    save(entry, actions);
}

void OrderLedger::markSent(Order& order) {
    due_.erase({dueAt(order), order.id});
    order.isSent = true;
    due_.emplace(dueAt(order), order.id);
}

std::vector<std::string> OrderLedger::openFor(const std::string& member) const {
    std::vector<std::string> ids;
    for (auto at = byTarget_.lower_bound({member, ""}); at != byTarget_.end(); ++at) {
        if (at->first != member) break;
        ids.push_back(at->second);
    }
    return ids;
}

OrderLedger::Actions OrderLedger::present(const std::string& member, const std::string& incarnation,
                                          WallTime now) {
    Actions actions;
    present_[member] = incarnation;
    for (const auto& id : openFor(member)) {
        Entry& entry = orders_.at(id);
        const std::string& wanted = entry.order.incarnation;
        if (wanted.empty() || wanted == incarnation) {
            trySend(entry, actions);
        } else if (entry.order.isSent) {
            end(entry, OrderOutcome::Unknown, "the member was restarted before it answered", now,
                actions);
        } else {
            end(entry, OrderOutcome::Refused,
                "the life of the member that it was meant for is over", now, actions);
        }
    }
    return actions;
}

void OrderLedger::gone(const std::string& member) {
    present_.erase(member);
}

OrderLedger::Actions OrderLedger::answered(std::string_view from, const std::string& id,
                                           const wire::Answer& answer, WallTime now) {
    Actions actions;
    const auto found = orders_.find(id);
    if (found == orders_.end()) return actions;
    Entry& entry = found->second;
    if (entry.order.target != from || entry.order.outcome != OrderOutcome::Open ||
        !entry.order.isSent)
        return actions;
    end(entry, outcomeOf(answer), answer.error ? answer.error->detail() : "", now, actions);
    return actions;
}

OrderLedger::Actions OrderLedger::tick(WallTime now) {
    Actions actions;
    while (!due_.empty() && due_.begin()->first <= now) {
        Entry& entry = orders_.at(due_.begin()->second);
        if (entry.order.isSent) {
            end(entry, OrderOutcome::Unknown, "sent, but not answered in time", now, actions);
        } else {
            end(entry, OrderOutcome::Expired, "the member was not there before the deadline", now,
                actions);
        }
    }
    return actions;
}

void OrderLedger::end(Entry& entry, OrderOutcome outcome, std::string detail, WallTime now,
                      Actions& actions) {
    Order& order = entry.order;
    due_.erase({dueAt(order), order.id});
    byTarget_.erase({order.target, order.id});
    order.outcome = outcome;
    order.detail = bounded(std::move(detail));
    order.ended = now;
    if (order.body.size() > kMaxKeptBody) order.body.clear();
    save(entry, actions);
}

void OrderLedger::finish(const std::string& id, Actions& actions) {
    actions.finish.push_back(id);
    ended_.push_back(id);
    while (ended_.size() > kMaxEnded) {
        orders_.erase(ended_.front());
        actions.erase.push_back(std::move(ended_.front()));
        ended_.pop_front();
    }
}

std::optional<WallTime> OrderLedger::nextTick() const {
    if (due_.empty()) return std::nullopt;
    return due_.begin()->first;
}

const Order* OrderLedger::find(const std::string& id) const {
    const auto found = orders_.find(id);
    return found == orders_.end() ? nullptr : &found->second.order;
}

std::vector<std::string> OrderLedger::newest(std::size_t limit) const {
    std::vector<std::string> ids;
    for (auto at = orders_.rbegin(); at != orders_.rend() && ids.size() < limit; ++at)
        ids.push_back(at->first);
    return ids;
}

}  // namespace muster
