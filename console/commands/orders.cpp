#include "console/commands.hpp"
#include "console/output/server_table.hpp"
#include "console/output/table.hpp"

#include <muster/json.hpp>

namespace muster::cli {
namespace {

using nlohmann::json;

std::string textOf(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return "-";
    return found->is_string() ? found->get<std::string>() : jsonText(*found);
}

/// What the order asks for: the body's own word where it has one.
std::string actionOf(const json& order) {
    const auto body = order.find("body");
    if (body != order.end() && body->is_object()) {
        for (const char* key : {"op", "signal", "command"}) {
            if (body->contains(key) && body->at(key).is_string()) return textOf(*body, key);
        }
    }
    return textOf(order, "moduleId");
}

Colour colourOf(const std::string& outcome) {
    if (outcome == "done") return Colour::Green;
    if (outcome == "failed" || outcome == "refused") return Colour::Red;
    return outcome == "-" ? Colour::Blue : Colour::Yellow;
}

}  // namespace

ExitCode runOrders(Context& context) {
    const int limit = context.args().limit == 0 ? 20 : context.args().limit;
    const json body{{"op", "orders"}, {"limit", limit}};
    const auto answer = context.ask("supervisor", jsonText(body));
    if (!answer) return context.fail(answer.error());
    const auto parsed = parseJson(*answer);
    if (!parsed || !parsed->is_object() || !parsed->value("orders", json()).is_array()) {
        return context.fail(ExitCode::Failed, "the master's answer holds no orders");
    }
    const Format format = context.args().format;
    if (format == Format::Json) {
        context.out() << safeJson(*answer, true) << '\n';
        return ExitCode::Done;
    }
    Table table({{"ORDER"},
                 {"TARGET"},
                 {"WHAT"},
                 {"EPOCH", Align::Right},
                 {"CREATED"},
                 {"OUTCOME"},
                 {"ENDED"},
                 {"DETAIL"}});
    for (const json& order : parsed->at("orders")) {
        if (!order.is_object()) continue;
        if (format == Format::JsonLines) context.out() << safeJson(jsonText(order), false) << '\n';
        const std::string outcome = textOf(order, "outcome");
        table.add({{textOf(order, "id")},
                   {textOf(order, "target")},
                   {actionOf(order)},
                   {textOf(order, "epoch")},
                   {textOf(order, "created")},
                   {outcome == "-" ? "open" : outcome, colourOf(outcome)},
                   {textOf(order, "ended")},
                   {textOf(order, "detail")}});
    }
    if (format != Format::JsonLines) context.out() << table.render(context.terminal());
    return ExitCode::Done;
}

}  // namespace muster::cli
