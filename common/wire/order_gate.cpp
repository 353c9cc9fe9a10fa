#include "common/wire/order_gate.hpp"

#include <utility>

#include <fmt/format.h>

namespace muster::wire {
namespace {

constexpr std::size_t kRemembered = 10'000;
/// Orders whose deadline lies ahead are kept beyond kRemembered, up to this.
constexpr std::size_t kMostRemembered = 20'000;

OrderGate::Decision refuse(Errc code, std::string detail) {
    return {OrderGate::Verdict::Refuse, Answer{Error(code, std::move(detail)), {}}};
}

}  // namespace

Result<void> OrderGate::learnLeader(std::int64_t epoch, std::string_view clusterUid) {
    if (epoch < 1 || clusterUid.empty())
        return Error(Errc::BadMessage, "a leader record needs an epoch and a clusterUid");
    if (!clusterUid_.empty() && clusterUid_ != clusterUid)
        return Error(Errc::Conflict,
                     fmt::format("the leader belongs to cluster {}, this one to {}: reset it "
                                 "explicitly if the cluster's store was replaced",
                                 clusterUid, clusterUid_));
    clusterUid_ = clusterUid;
    if (epoch > epoch_) epoch_ = epoch;
    return {};
}

OrderGate::Decision OrderGate::decide(const OrderTag& order, WallTime now) {
    if (clusterUid_.empty()) return refuse(Errc::Conflict, "no leader record was seen yet");
    if (order.clusterUid != clusterUid_)
        return refuse(Errc::Conflict, fmt::format("order of cluster {}, this one is in {}",
                                                  order.clusterUid, clusterUid_));
    if (order.epoch < epoch_)
        return refuse(Errc::Conflict, fmt::format("order of epoch {}, the highest seen is {}",
                                                  order.epoch, epoch_));
    epoch_ = order.epoch;
    if (const auto known = orders_.find(order.id); known != orders_.end()) {
        const Entry& entry = known->second;
        return {entry.isFinished ? Verdict::Repeat : Verdict::InProgress, entry.answer};
    }
    if (order.deadline < now) return refuse(Errc::Expired, "its deadline had passed");
    if (!order.incarnation.empty() && order.incarnation != incarnation_)
        return refuse(Errc::Conflict, "it was for another incarnation");
    while (ages_.size() >= kRemembered && orders_[ages_.front()].deadline < now) {
        orders_.erase(ages_.front());
        ages_.pop_front();
    }
    if (ages_.size() >= kMostRemembered)
        return refuse(Errc::Limit, "too many orders with deadlines ahead");
    orders_[order.id].deadline = order.deadline;
    ages_.push_back(order.id);
    return {Verdict::Execute, {}};
}

void OrderGate::finished(const std::string& orderId, Answer answer) {
    const auto known = orders_.find(orderId);
    if (known == orders_.end() || known->second.isFinished) return;
    known->second.isFinished = true;
    known->second.answer = std::move(answer);
}

void OrderGate::reset() {
    epoch_ = 0;
    clusterUid_.clear();
}

}  // namespace muster::wire
