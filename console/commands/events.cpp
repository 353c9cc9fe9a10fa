#include "console/commands.hpp"
#include "console/commands/event_line.hpp"
#include "console/event_queue.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"

#include <muster/json.hpp>

#include <chrono>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

void print(Context& context, const Event& event) {
    const Format format = context.args().format;
    const bool isJson = format == Format::Json || format == Format::JsonLines;
    context.out() << (isJson ? safeJson(event.json, false) : safeText(eventLine(event))) << '\n'
                  << std::flush;
}

/// Only the id of an event is known here: types and hosts are looked up once, at the beginning.
struct Followed {
    Selection selection;
    std::map<std::string, ServerRow> known;
    bool matches(const std::string& id) const {
        if (selection.isEmpty() || selection.isAll()) return true;
        const auto found = known.find(id);
        ServerRow bare;
        bare.id = id;
        return selection.matches(found == known.end() ? bare : found->second);
    }
};

Result<Followed> followedBy(Context& context) {
    const Arguments& args = context.args();
    auto selection = Selection::parse(args.words, args.type, args.ids);
    if (!selection) return selection.error();
    Followed followed{*selection, {}};
    if (selection->isEmpty() || selection->isPlainIds()) return followed;
    auto list = context.servers();
    if (!list) return list.error();
    for (ServerRow& row : list->rows) followed.known.emplace(row.id, row);
    return followed;
}

ExitCode printUntilTheEnd(Context& context, EventQueue& queue, const Followed& followed) {
    const auto limit = context.args().limit;
    const auto end = Clock::now() + context.timeoutOr(std::chrono::hours(24 * 365));
    for (int printed = 0; limit == 0 || printed < limit;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        const auto taken = queue.take(std::max(left, std::chrono::milliseconds(0)));
        if (taken.dropped > 0) {
            context.say(
                fmt::format("-- {} events dropped: this terminal is too slow --", taken.dropped));
        }
        switch (taken.kind) {
            case EventQueue::Kind::TimedOut: return ExitCode::Done;
            case EventQueue::Kind::Interrupted: return ExitCode::Interrupted;
            case EventQueue::Kind::Closed:
                return context.fail(ExitCode::Unreachable, "the connection to the master was lost");
            case EventQueue::Kind::Message: break;
        }
        const auto event = parseEvent(taken.message.topic, taken.message.payload);
        if (!event || !followed.matches(event->id)) continue;
        print(context, *event);
        if (!context.out()) return ExitCode::Done;  // nobody reads; runCli() says so
        ++printed;
    }
    return ExitCode::Done;
}

ExitCode follow(Context& context) {
    auto queue = std::make_shared<EventQueue>();  // shared with the client's thread
    auto client = context.admin([queue] { queue->close(); });
    if (!client) return context.fail(client.error());
    const auto followed = followedBy(context);
    if (!followed) return context.fail(followed.error());
    const auto subscribed = (*client)->subscribe(
        "event/#", [queue](const AdminMessage& message) { queue->put(message); });
    if (!subscribed) return context.fail(subscribed.error());
    return printUntilTheEnd(context, *queue, *followed);
}

ExitCode lastEvents(Context& context, const std::string& id) {
    const json body{{"op", "status"}, {"id", id}};
    const auto answer = context.ask("supervisor", jsonText(body));
    if (!answer) return context.fail(answer.error());
    const auto parsed = parseJson(*answer);
    if (!parsed || !parsed->is_object()) return context.fail(ExitCode::Failed, "no usable answer");
    const json events = parsed->value("events", json::array());
    if (context.args().format == Format::Json) {
        context.out() << safeJson(jsonText(events), true) << '\n';
        return ExitCode::Done;
    }
    for (const json& entry : events) {
        if (const auto event = parseEvent("", jsonText(entry))) print(context, *event);
    }
    return ExitCode::Done;
}

}  // namespace

ExitCode runEvents(Context& context) {
    const Arguments& args = context.args();
    if (args.isFollowing) return follow(context);
    const auto& ids = args.words.empty() ? args.ids : args.words;
    if (ids.size() == 1) return lastEvents(context, ids.front());
    return context.fail(ExitCode::Usage,
                        "'muster events ID' shows a server's last events, "
                        "'muster events -f' all as they come");
}

}  // namespace muster::cli
