#include "console/commands.hpp"
#include "console/commands/event_line.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_state.hpp"
#include "console/output/server_table.hpp"
#include "console/output/units.hpp"

#include <muster/json.hpp>

#include <chrono>
#include <map>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNamed = 20;  // of servers that are not ready

void printFact(Context& context, std::string_view name, const std::string& value) {
    if (value.empty()) return;
    context.out() << fmt::format("  {:<12}  {}\n", safeText(name), safeText(value));
}

std::string addressOf(const ServerRow& row) {
    std::string text = row.host;
    if (row.port && *row.port > 0) text += ":" + std::to_string(*row.port);
    if (row.clientPort && *row.clientPort > 0) text += fmt::format(", clients {}", *row.clientPort);
    return text;
}

std::string blockerFact(const ServerRow& row) {
    const std::string state = row.state.empty() ? "unknown" : row.state;
    return row.note.empty() ? state : state + " (" + row.note + ")";
}

/// By this host's clock; empty when it is not to be, or about now.
std::string nextTryText(const ServerRow& row) {
    if (!row.nextTryMs) return {};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto wait = std::chrono::milliseconds(*row.nextTryMs) - now;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(wait);
    return left.count() > 0 ? "in " + durationText(left) : std::string();
}

/// State, why, numbers, and the last events: what systemctl and kubectl users look for, in order.
void printServer(Context& context, const ServerRow& row, const json& events) {
    const Cell state = stateCell(row.state, context.terminal());
    context.out() << safeText(row.id) << "  "
                  << coloured(safeText(state.text), state.colour, context.terminal()) << '\n';
    printFact(context, "note", row.note);
    printFact(context, "type", row.type);
    printFact(context, "address", addressOf(row));
    printFact(context, "desired", row.desired + (row.isManaged ? "" : " (started by others)"));
    if (row.pid) printFact(context, "pid", std::to_string(*row.pid));
    if (row.uptime) printFact(context, "up", durationText(*row.uptime));
    if (row.restarts) printFact(context, "restarts", std::to_string(*row.restarts));
    if (row.cpuPercent) printFact(context, "cpu", percentText(*row.cpuPercent) + " %");
    if (row.rssBytes) printFact(context, "memory", sizeText(*row.rssBytes));
    if (row.busy) printFact(context, "sessions", std::to_string(*row.busy));
    printFact(context, "version", row.version);
    printFact(context, "last exit", row.lastExit);
    for (const std::string& line : row.lastLines) printFact(context, "", line);
    printFact(context, "next try", nextTryText(row));
    printFact(context, "cgroup", row.cgroup);
    if (row.age) printFact(context, "data age", durationText(*row.age));
    if (!events.is_array() || events.empty()) return;
    context.out() << "Events\n";
    for (const json& entry : events) {
        const auto event = parseEvent("", jsonText(entry));
        if (event) context.out() << "  " << safeText(eventLine(*event)) << '\n';
    }
}

ExitCode serverStatus(Context& context, const std::string& id) {
    const json body{{"op", "status"}, {"id", id}};
    const auto answer = context.ask("supervisor", jsonText(body));
    if (!answer) return context.fail(answer.error());
    const auto parsed = parseJson(*answer);
    if (!parsed || !parsed->is_object() || !parsed->contains("server")) {
        return context.fail(ExitCode::Failed, "the master's answer holds no server");
    }
    const ServerRow row = parseServerRow(jsonText(parsed->at("server")));
    const Format format = context.args().format;
    if (format == Format::Json || format == Format::JsonLines) {
        context.out() << safeJson(*answer, format == Format::Json) << '\n';
    } else {
        printServer(context, row, parsed->value("events", json::array()));
    }
    return context.args().isCheck && !row.isReady ? ExitCode::Unhealthy : ExitCode::Done;
}

ExitCode clusterStatus(Context& context) {
    const auto list = context.servers();
    if (!list) return context.fail(list.error());
    std::map<std::string, int> states;
    std::size_t ready = 0;
    for (const ServerRow& row : list->rows) {
        ++states[row.state.empty() ? "unknown" : row.state];
        ready += row.isReady ? 1 : 0;
    }
    const Format format = context.args().format;
    if (format == Format::Json || format == Format::JsonLines) {
        const json body{{"cluster", list->cluster}, {"leader", list->leaderId},
                        {"epoch", list->epoch},     {"servers", list->rows.size()},
                        {"ready", ready},           {"states", states}};
        context.out() << safeJson(jsonText(body), format == Format::Json) << '\n';
    } else {
        context.out() << fmt::format("cluster {}: {} of {} servers ready\n",
                                     safeText(list->cluster), ready, list->rows.size());
        printFact(context, "leader", fmt::format("{} (epoch {})", list->leaderId, list->epoch));
        for (const auto& [state, count] : states) printFact(context, state, std::to_string(count));
        std::size_t left = kMostNamed;
        for (const ServerRow& row : list->rows) {
            if (row.isReady || left == 0) continue;
            printFact(context, row.id, blockerFact(row));
            --left;
        }
        const std::size_t open = list->rows.size() - ready;
        if (open > kMostNamed)
            context.out() << fmt::format("  and {} more: muster ls\n", open - kMostNamed);
    }
    return context.args().isCheck && ready < list->rows.size() ? ExitCode::Unhealthy
                                                               : ExitCode::Done;
}

}  // namespace

ExitCode runStatus(Context& context) {
    if (context.args().words.empty()) return clusterStatus(context);
    return serverStatus(context, context.args().words.front());
}

}  // namespace muster::cli
