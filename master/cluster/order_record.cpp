#include "master/cluster/order_ledger.hpp"

#include <muster/json.hpp>

namespace muster {
namespace {

constexpr OrderOutcome kOutcomes[] = {OrderOutcome::Open,    OrderOutcome::Done,
                                      OrderOutcome::Failed,  OrderOutcome::Refused,
                                      OrderOutcome::Expired, OrderOutcome::Unknown};

std::string textOf(const nlohmann::ordered_json& record, const char* key) {
    const auto found = record.find(key);
    return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<OrderOutcome> outcomeOf(const std::string& name) {
    for (const auto outcome : kOutcomes)
        if (name == orderOutcomeName(outcome)) return outcome;
    return std::nullopt;
}

}  // namespace

const char* orderOutcomeName(OrderOutcome outcome) noexcept {
    switch (outcome) {
        case OrderOutcome::Open: return "open";
        case OrderOutcome::Done: return "done";
        case OrderOutcome::Failed: return "failed";
        case OrderOutcome::Refused: return "refused";
        case OrderOutcome::Expired: return "expired";
        case OrderOutcome::Unknown: break;
    }
    return "unknown";
}

std::string encodeOrder(const Order& order) {
    nlohmann::ordered_json record = {{"id", order.id}, {"target", order.target}};
    if (!order.incarnation.empty()) record["incarnation"] = order.incarnation;
    record["moduleId"] = order.moduleId;
    auto body = nlohmann::ordered_json::parse(order.body, nullptr, false);
    if (!body.is_discarded() && !body.is_null()) record["body"] = std::move(body);
    record["epoch"] = order.epoch;
    record["created"] = wire::formatTime(order.created);
    record["deadline"] = wire::formatTime(order.deadline);
    record["sent"] = order.isSent;
    record["outcome"] = orderOutcomeName(order.outcome);
    if (!order.detail.empty()) record["detail"] = order.detail;
    if (order.outcome != OrderOutcome::Open) record["ended"] = wire::formatTime(order.ended);
    return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Order> decodeOrder(std::string_view text) {
    const auto record = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!record.is_object()) return Error(Errc::BadMessage, "an order is not an object");
    Order order;
    order.id = textOf(record, "id");
    order.target = textOf(record, "target");
    order.incarnation = textOf(record, "incarnation");
    order.moduleId = textOf(record, "moduleId");
    order.detail = textOf(record, "detail");
    order.body = record.contains("body")
                     ? record["body"].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                     : "";
    const auto epoch = record.find("epoch");
    if (epoch != record.end() && epoch->is_number_integer())
        order.epoch = epoch->get<std::int64_t>();
    const auto sent = record.find("sent");
    order.isSent = sent != record.end() && sent->is_boolean() && sent->get<bool>();
    const auto outcome = outcomeOf(textOf(record, "outcome"));
    const auto created = wire::parseTime(textOf(record, "created"));
    const auto deadline = wire::parseTime(textOf(record, "deadline"));
    const auto ended = wire::parseTime(textOf(record, "ended"));
    if (order.id.empty() || order.target.empty() || !outcome || !created || !deadline)
        return Error(Errc::BadMessage, "an order lacks fields");
    order.outcome = *outcome;
    order.created = *created;
    order.deadline = *deadline;
    order.ended = ended.value_or(*deadline);
    return order;
}

}  // namespace muster
