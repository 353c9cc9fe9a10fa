// What goes on in the embedded broker: lists in pages, figures, and a live trace.
#include "console/commands.hpp"
#include "console/event_queue.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"
#include "console/output/table.hpp"
#include "console/output/units.hpp"

#include <muster/json.hpp>

#include <functional>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr int kPageRows = 200;

/// One column: its title, and the field of a row it shows.
struct Shown {
    Column column;
    const char* field;
};

struct List {
    const char* name;  // of the verb, and of the op
    const char* rows;  // the field that holds them
    std::vector<Shown> columns;
};

const List& listOf(std::string_view action) {
    static const std::vector<List> kLists = {
        {"clients",
         "sessions",
         {{{"CLIENT"}, "clientId"},
          {{"USER"}, "user"},
          {{"PEER"}, "peer"},
          {{"MQTT"}, "protocol"},
          {{"KEEPALIVE", Align::Right}, "keepAliveSeconds"},
          {{"SECONDS", Align::Right}, "connectedSeconds"},
          {{"SUBS", Align::Right}, "subscriptions"}}},
        {"sessions",
         "sessions",
         {{{"CLIENT"}, "clientId"},
          {{"USER"}, "user"},
          {{"CONNECTED"}, "connected"},
          {{"SUBS", Align::Right}, "subscriptions"},
          {{"QUEUED", Align::Right}, "queued"},
          {{"INFLIGHT", Align::Right}, "inFlight"},
          {{"ENDS IN", Align::Right}, "endsInSeconds"}}},
        {"queues",
         "sessions",
         {{{"CLIENT"}, "clientId"},
          {{"CONNECTED"}, "connected"},
          {{"QUEUED", Align::Right}, "queued"},
          {{"BYTES", Align::Right}, "queuedBytes"},
          {{"INFLIGHT", Align::Right}, "inFlight"}}},
        {"slow",
         "sessions",
         {{{"CLIENT"}, "clientId"},
          {{"PEER"}, "peer"},
          {{"UNSENT", Align::Right}, "outputBytes"},
          {{"QUEUED", Align::Right}, "queued"},
          {{"BYTES", Align::Right}, "queuedBytes"}}},
        {"subscriptions",
         "subscriptions",
         {{{"CLIENT"}, "clientId"}, {{"FILTER"}, "filter"}, {{"QOS", Align::Right}, "qos"}}},
        {"retained",
         "retained",
         {{{"TOPIC"}, "topic"},
          {{"QOS", Align::Right}, "qos"},
          {{"BYTES", Align::Right}, "bytes"},
          {{"EXPIRES IN", Align::Right}, "expiresInSeconds"}}},
    };
    for (const List& list : kLists) {
        if (list.name == action) return list;
    }
    return kLists.front();
}

bool isJson(const Context& context) {
    return context.args().format == Format::Json || context.args().format == Format::JsonLines;
}

std::string cellText(const json& row, const char* field) {
    const auto found = row.find(field);
    if (found == row.end()) return "-";
    if (found->is_string()) return found->get<std::string>();
    if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
    return found->dump();
}

Result<json> askBroker(Context& context, const json& body) {
    const auto answer = context.ask("broker", jsonText(body));
    if (!answer) return answer.error();
    auto parsed = parseJson(*answer);
    if (!parsed || !parsed->is_object())
        return Error(Errc::BadMessage, "the master's answer is no object");
    return std::move(*parsed);
}

/// All pages, or as many rows as -n says.
Result<json> allRows(Context& context, json body, const char* name) {
    json rows = json::array();
    const auto most = static_cast<std::size_t>(context.args().limit);
    while (true) {
        auto page = askBroker(context, body);
        if (!page) return page.error();
        for (json& row : page->value(name, json::array())) {
            if (most != 0 && rows.size() >= most) return rows;
            if (row.is_object()) rows.push_back(std::move(row));
        }
        const std::string next = page->value("next", "");
        if (next.empty() || (most != 0 && rows.size() >= most)) return rows;
        body["after"] = next;
    }
}

/// What is not a table: one JSON text, one a row, or the names alone. False: a table is wanted.
bool printAs(Context& context, const List& list, const json& rows) {
    const Format format = context.args().format;
    if (format == Format::Json) {
        context.out() << safeJson(jsonText(rows), true) << '\n';
        return true;
    }
    if (format != Format::JsonLines && format != Format::Name) return false;
    for (const json& row : rows) {
        context.out() << (format == Format::JsonLines
                              ? safeJson(jsonText(row), false)
                              : safeText(cellText(row, list.columns.front().field)))
                      << '\n';
    }
    return true;
}

ExitCode printList(Context& context, const std::string& action) {
    const List& list = listOf(action);
    json body{{"op", list.name}, {"limit", kPageRows}};
    if (!context.args().words.empty()) body["filter"] = context.args().words.front();
    if (!context.args().client.empty()) body["clientId"] = context.args().client;
    const auto rows = allRows(context, std::move(body), list.rows);
    if (!rows) return context.fail(rows.error());
    if (printAs(context, list, *rows)) return ExitCode::Done;
    std::vector<Column> columns;
    for (const Shown& shown : list.columns) columns.push_back(shown.column);
    Table table(std::move(columns));
    for (const json& row : *rows) {
        std::vector<Cell> cells;
        for (const Shown& shown : list.columns) cells.push_back({cellText(row, shown.field)});
        table.add(std::move(cells));
    }
    context.out() << table.render(context.terminal());
    return ExitCode::Done;
}

ExitCode printStats(Context& context) {
    const auto figures = askBroker(context, {{"op", "stats"}});
    if (!figures) return context.fail(figures.error());
    if (isJson(context)) {
        context.out() << safeJson(jsonText(*figures), context.args().format == Format::Json)
                      << '\n';
        return ExitCode::Done;
    }
    Table table({{"FIGURE"}, {"VALUE", Align::Right}});
    for (const auto& [name, value] : figures->items()) table.add({{name}, {value.dump()}});
    context.out() << table.render(context.terminal());
    return ExitCode::Done;
}

ExitCode disconnectClient(Context& context) {
    if (context.args().words.empty())
        return context.fail(ExitCode::Usage, "which client? muster broker disconnect ID");
    const std::string& id = context.args().words.front();
    const auto done = askBroker(context, {{"op", "disconnect"}, {"clientId", id}});
    if (!done) return context.fail(done.error());
    context.say(id + " is disconnected");
    return ExitCode::Done;
}

std::string traceText(const json& line) {
    std::string text = fmt::format("{:<11} {}", cellText(line, "what"), cellText(line, "clientId"));
    if (line.contains("topic"))
        text += fmt::format(" {} {} bytes", cellText(line, "topic"), cellText(line, "bytes"));
    if (line.contains("qos")) text += " qos " + cellText(line, "qos");
    if (line.contains("detail")) text += ": " + cellText(line, "detail");
    return text;
}

void printTrace(Context& context, const json& lines) {
    const auto now = std::chrono::system_clock::now();
    for (const json& line : lines) {
        if (!line.is_object()) continue;
        if (isJson(context)) {
            context.out() << safeJson(jsonText(line), false) << '\n';
            continue;
        }
        const auto at = now - std::chrono::milliseconds(line.value("ageMs", 0LL));
        const auto time = std::chrono::system_clock::to_time_t(at);
        context.out() << fmt::format("{:%H:%M:%S} ", fmt::localtime(time))
                      << safeText(traceText(line)) << '\n';
    }
    context.out() << std::flush;
}

ExitCode followTrace(Context& context, EventQueue& queue, const json& trace, TimePoint end) {
    const json body{{"op", "trace"}, {"trace", trace}};
    while (true) {
        const auto read = askBroker(context, body);
        if (!read) return context.fail(read.error());
        printTrace(context, read->value("lines", json::array()));
        if (const auto missed = read->value("missed", std::uint64_t{0}); missed > 0)
            context.say(fmt::format("-- {} lines left out: too much happens --", missed));
        if (!context.out() || context.hooks().now() + kLookEvery >= end) return ExitCode::Done;
        const auto taken = queue.take(kLookEvery);
        if (taken.kind == EventQueue::Kind::Interrupted) return ExitCode::Interrupted;
        if (taken.kind == EventQueue::Kind::Closed)
            return context.fail(ExitCode::Unreachable, "the connection to the master was lost");
    }
}

ExitCode runTrace(Context& context) {
    const TimePoint end = context.hooks().now() + context.timeoutOr(std::chrono::hours(24 * 365));
    auto queue = std::make_shared<EventQueue>();  // shared with the client's thread
    auto client = context.admin([queue] { queue->close(); });
    if (!client) return context.fail(client.error());
    const json wish{
        {"op", "trace"}, {"clientId", context.args().client}, {"filter", context.args().topic}};
    const auto started = askBroker(context, wish);
    if (!started) return context.fail(started.error());
    const json trace = started->value("trace", json());
    const ExitCode code = followTrace(context, *queue, trace, end);
    // The master ends it by itself after half a minute, if this does not come to it.
    if (code != ExitCode::Unreachable)
        (void)askBroker(context, {{"op", "trace"}, {"trace", trace}, {"stop", true}});
    return code;
}

}  // namespace

ExitCode runBrokerView(Context& context) {
    const std::string action = context.args().verb.substr(context.args().verb.find(' ') + 1);
    if (action == "stats") return printStats(context);
    if (action == "disconnect") return disconnectClient(context);
    if (action == "trace") return runTrace(context);
    return printList(context, action);
}

}  // namespace muster::cli
