#include "modules/broker/broker_master.hpp"

#include "modules/body.hpp"

#include <muster/json.hpp>

#include <algorithm>

namespace muster::modules {
namespace {

using mqtt::SessionKind;
using nlohmann::json;

constexpr std::size_t kUsualRows = 200;

/// Cursors hold what a client chose, and a U+0000: any text of JSON.
mqtt::PageRequest pageOf(const json& body) {
    mqtt::PageRequest request;
    const auto after = body.find("after");
    if (after != body.end() && after->is_string()) request.after = after->get<std::string>();
    const auto limit = body.find("limit");
    request.most =
        limit != body.end() && limit->is_number_unsigned()
            ? std::clamp<std::size_t>(limit->get<std::size_t>(), 1, mqtt::BrokerView::kMostRows)
            : kUsualRows;
    return request;
}

json rowOf(const mqtt::SessionFacts& row) {
    json out{{"clientId", row.clientId},     {"user", row.identity},
             {"connected", row.isConnected}, {"subscriptions", row.subscriptions},
             {"queued", row.queuedMessages}, {"queuedBytes", row.queuedBytes},
             {"inFlight", row.inFlight},     {"expirySeconds", row.expirySeconds}};
    if (row.endsIn) out["endsInSeconds"] = row.endsIn->count();
    if (!row.isConnected) return out;
    out["peer"] = row.peer;
    out["protocol"] = row.protocol;
    out["keepAliveSeconds"] = row.keepAlive;
    out["connectedSeconds"] = row.connectedFor.count();
    out["outputBytes"] = row.outputBytes;
    out["slow"] = !row.hasRoom;
    return out;
}

json rowOf(const mqtt::SubscriptionRow& row) {
    return {{"clientId", row.clientId},
            {"filter", row.filter},
            {"qos", row.qos},
            {"noLocal", row.noLocal},
            {"identifier", row.identifier},
            {"retainAsPublished", row.retainAsPublished}};
}

json rowOf(const mqtt::RetainedRow& row) {
    json out{{"topic", row.topic}, {"qos", row.qos}, {"bytes", row.payloadBytes}};
    if (row.expiresIn) out["expiresInSeconds"] = row.expiresIn->count();
    return out;
}

json rowOf(const mqtt::TraceLine& line) {
    json out{{"ageMs", line.age.count()}, {"what", line.what}, {"clientId", line.client}};
    if (!line.topic.empty()) {
        out["topic"] = line.topic;
        out["bytes"] = line.bytes;
    }
    if (line.qos >= 0) out["qos"] = line.qos;
    if (!line.detail.empty()) out["detail"] = line.detail;
    return out;
}

template <class Row>
JsonText pageText(const char* name, const mqtt::Page<Row>& page) {
    json rows = json::array();
    for (const Row& row : page.rows) rows.push_back(rowOf(row));
    return jsonText({{name, std::move(rows)}, {"next", page.next}});
}

Error badOp(const std::string& op) {
    return Error(Errc::BadMessage,
                 "unknown op '" + op.substr(0, 64) +
                     "': clients, sessions, subscriptions, retained, queues, slow, stats, "
                     "disconnect and trace are known");
}

}  // namespace

int BrokerMaster::requiredLevel(const JsonText& message) const {
    // Read as clientHandler() reads it: of a key that stands there twice, or escaped, another
    // reader might see something else.
    const auto body = parseObject(message);
    return body && textOf(*body, "op") == "disconnect" ? 1 : 2;
}

void BrokerMaster::clientHandler(MasterAgent& /*agent*/, const Caller& caller,
                                 const JsonText& message, Reply reply) {
    if (view_ == nullptr)
        return reply(Error(Errc::NotSupported,
                           "this cluster uses an external broker: ask that one; `muster broker` "
                           "looks into the embedded broker only"));
    const auto body = parseObject(message);
    reply(body ? answer(caller, *body) : Result<JsonText>(body.error()));
}

Result<JsonText> BrokerMaster::answer(const Caller& caller, const json& body) {
    const std::string op = textOf(body, "op");
    if (op == "clients") return sessions(body, SessionKind::Connected);
    if (op == "sessions") return sessions(body, SessionKind::All);
    if (op == "queues") return sessions(body, SessionKind::Queueing);
    if (op == "slow") return sessions(body, SessionKind::Slow);
    if (op == "subscriptions") return subscriptions(body);
    if (op == "retained") return retained(body);
    if (op == "stats") return stats();
    if (op == "disconnect") return disconnect(body);
    if (op == "trace") return trace(caller, body);
    return badOp(op);
}

Result<JsonText> BrokerMaster::sessions(const json& body, SessionKind kind) const {
    return pageText("sessions", view_->sessions(kind, pageOf(body)));
}

Result<JsonText> BrokerMaster::subscriptions(const json& body) const {
    const auto page =
        view_->subscriptions(textOf(body, "clientId"), textOf(body, "filter"), pageOf(body));
    if (!page) return page.error();
    return pageText("subscriptions", *page);
}

Result<JsonText> BrokerMaster::retained(const json& body) const {
    const std::string filter = textOf(body, "filter");
    const auto page = view_->retained(filter.empty() ? "#" : filter, pageOf(body));
    if (!page) return page.error();
    return pageText("retained", *page);
}

Result<JsonText> BrokerMaster::stats() const {
    json out = json::object();
    for (const auto& [name, value] : view_->figures()) out[std::string(name)] = value;
    return jsonText(out);
}

Result<JsonText> BrokerMaster::disconnect(const json& body) {
    const std::string id = textOf(body, "clientId");
    if (id.empty()) return Error(Errc::BadMessage, "disconnect needs a clientId");
    if (view_->disconnect(id)) return jsonText({{"disconnected", id}});
    return Error(Errc::UnknownServer,
                 "no client '" + id + "' is connected, or it is the master itself");
}

/// Without `trace` one begins, with it what was written down since the last time is answered;
/// `stop` ends it.
Result<JsonText> BrokerMaster::trace(const Caller& caller, const json& body) {
    const auto number = body.find("trace");
    if (number == body.end()) {
        const auto started =
            view_->startTrace(caller.name, {textOf(body, "clientId"), textOf(body, "filter")});
        if (!started) return started.error();
        return jsonText({{"trace", *started}});
    }
    if (!number->is_number_unsigned()) return Error(Errc::BadMessage, "trace is no number");
    const auto trace = number->get<std::uint64_t>();
    if (body.contains("stop")) {
        view_->stopTrace(caller.name, trace);
        return JsonText("{}");
    }
    const auto read = view_->readTrace(caller.name, trace);
    if (!read) return read.error();
    json lines = json::array();
    for (const mqtt::TraceLine& line : read->lines) lines.push_back(rowOf(line));
    return jsonText({{"lines", std::move(lines)}, {"missed", read->missed}});
}

}  // namespace muster::modules
