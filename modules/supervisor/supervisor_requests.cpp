#include "modules/supervisor/outcome_json.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

// What clients ask for.
namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Selection> selectionOf(const Json& message) {
    Selection selection;
    selection.type = textOf(message, "type");
    const auto ids = message.find("ids");
    if (ids == message.end()) return selection;
    if (!ids->is_array() || ids->size() > 100'000)
        return Error(Errc::BadMessage, "ids must be an array of at most 100000 strings");
    for (const Json& id : *ids) {
        if (!id.is_string()) return Error(Errc::BadMessage, "ids must hold strings");
        selection.ids.push_back(id.get<std::string>());
    }
    return selection;
}

JsonText resultsOf(const std::vector<ServerOutcome>& outcomes) {
    Json results = Json::array();
    for (const ServerOutcome& outcome : outcomes) results.push_back(outcomeJson(outcome));
    return jsonText({{"results", std::move(results)}});
}

}  // namespace

int SupervisorMaster::requiredLevel(const JsonText& message) const {
    auto json = parseJson(message);
    if (!json || !json->is_object()) return 2;  // only to be told so
    const std::string op = textOf(*json, "op");
    return op == "list" || op == "status" || op == "orders" ? 2 : 1;
}

void SupervisorMaster::clientHandler(MasterAgent&, const Caller&, const JsonText& message,
                                     Reply reply) {
    auto json = parseJson(message);
    if (!json || !json->is_object()) return reply(Error(Errc::BadMessage, "not a JSON object"));
    const std::string op = textOf(*json, "op");
    if (op == "list") return reply(list());
    if (op == "status") return status(textOf(*json, "id"), reply);
    if (op == "start") return operateFor(Verb::Start, message, std::move(reply));
    if (op == "stop") return operateFor(Verb::Stop, message, std::move(reply));
    if (op == "restart") return operateFor(Verb::Restart, message, std::move(reply));
    if (op == "kill") return operateFor(Verb::Kill, message, std::move(reply));
    if (op == "plan") return plan(std::move(reply));
    if (op == "apply") return apply(message, std::move(reply));
    if (op == "logs") return logs(message, reply);
    if (op == "scale") return scale(message, reply);
    if (op == "cordon" || op == "uncordon") {
        auto selection = selectionOf(*json);
        if (!selection) return reply(selection.error());
        return cordonFor(op == "cordon", *selection,
                         [reply](const auto& outcomes) { reply(resultsOf(outcomes)); });
    }
    if (op == "orders") {
        const auto limit = json->find("limit");
        const bool isUsable = limit != json->end() && limit->is_number_unsigned();
        const auto count =
            isUsable ? std::min<std::size_t>(limit->get<std::size_t>(), 10'000) : 100;
        return reply(JsonText("{\"orders\":" + ports_.orders(count) + "}"));
    }
    if (op != "add")
        return reply(Error(Errc::BadMessage, "unknown op \"" + op.substr(0, 64) + "\""));
    const auto server = json->find("server");
    if (server == json->end() || !server->is_object())
        return reply(Error(Errc::BadMessage, "\"add\" needs a server: an entry of servers.json"));
    add(jsonText(*server), [reply](const auto& ids) {
        if (!ids) return reply(ids.error());
        reply(jsonText({{"ids", *ids}}));
    });
}

void SupervisorMaster::operateFor(Verb verb, const JsonText& message, Reply reply) {
    const Json json = Json::parse(message, nullptr, false);
    auto selection = selectionOf(json);
    if (!selection) return reply(selection.error());
    const auto options = optionsOf(json);
    if (!options) return reply(options.error());
    operate(verb, *selection, timeoutOf(json), *options,
            [reply](const std::vector<ServerOutcome>& outcomes) { reply(resultsOf(outcomes)); });
}

JsonText SupervisorMaster::list() const {
    std::string rows;
    for (const std::string& id : fleet_.ids()) {
        if (!rows.empty()) rows += ",";
        rows += fleet_.row(id, loop_.now(), loop_.wallTime(), true);
    }
    return "{\"servers\":[" + rows + "],\"leader\":" + ports_.leader() +
           ",\"cluster\":" + jsonText(cluster_.name) + "}";
}

void SupervisorMaster::status(const std::string& id, const Reply& reply) const {
    const Fleet::Server* server = fleet_.find(id);
    if (server == nullptr)
        return reply(Error(Errc::UnknownServer, "no server \"" + id.substr(0, 64) + "\""));
    std::string events;
    for (const JsonText& event : ports_.events(id)) events += (events.empty() ? "" : ",") + event;
    reply("{\"server\":" + fleet_.row(id, loop_.now(), loop_.wallTime(), true) + ",\"events\":[" +
          events + "]}");
}

}  // namespace muster::supervisor
