#include "console/commands/outcomes.hpp"

#include "console/change_flags.hpp"
#include "console/commands/event_line.hpp"
#include "console/output/server_table.hpp"
#include "console/output/table.hpp"

#include <muster/json.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;

/// The master ends its wait by itself, a little before the client does, to say how far it came.
constexpr std::chrono::milliseconds kGrace{1000};

std::string stringOf(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string alreadyWord(const std::string& verb) {
    if (verb == "restart" || verb == "apply" || verb == "scale") return "unchanged";
    if (verb == "cordon") return "already cordoned";
    if (verb == "uncordon") return "not cordoned";
    return verb == "start" ? "already running" : "already stopped";
}

std::string doneWord(const std::string& verb) {
    if (verb == "stop") return "stopped";
    if (verb == "apply") return "applied";
    if (verb == "kill") return "killed";
    if (verb == "scale") return "changed";
    return verb + "ed";
}

/// Ids for all but `all`; a glob or a type is looked up in the list first.
Result<json> bodyFor(Context& context, const Selection& selection) {
    json body{{"op", context.args().verb}};
    if (selection.isAll() || selection.isEmpty()) return body;
    if (selection.isPlainIds()) {
        body["ids"] = selection.ids();
        return body;
    }
    const auto list = context.servers();
    if (!list) return list.error();
    json ids = json::array();
    for (const ServerRow& row : list->rows) {
        if (selection.matches(row)) ids.push_back(row.id);
    }
    if (ids.empty()) {
        return Error(Errc::UnknownServer, "no server matches; 'muster ls' shows all");
    }
    body["ids"] = std::move(ids);
    return body;
}

void print(Context& context, const std::vector<Outcome>& outcomes, const JsonText& answer) {
    const Format format = context.args().format;
    if (format == Format::Json) {
        context.out() << safeJson(answer, true) << '\n';
        return;
    }
    if (format == Format::JsonLines) {
        for (const Outcome& one : outcomes) {
            const json line{{"id", one.id}, {"outcome", one.outcome}, {"detail", one.detail}};
            context.out() << safeJson(jsonText(line), false) << '\n';
        }
        return;
    }
    const bool hasChanges = std::any_of(outcomes.begin(), outcomes.end(),
                                        [](const Outcome& one) { return !one.change.empty(); });
    std::vector<Column> columns{{"ID"}, {"OUTCOME"}, {"DETAIL"}};
    if (hasChanges) columns.insert(columns.begin() + 1, Column{"CHANGE"});
    Table table(columns);
    for (const Outcome& one : outcomes) {
        std::vector<Cell> row{{one.id, Colour::None},
                              {one.outcome, one.isGood() ? Colour::Green : Colour::Red},
                              {one.detail, Colour::None}};
        if (hasChanges) row.insert(row.begin() + 1, Cell{one.change, Colour::None});
        table.add(std::move(row));
    }
    if (!outcomes.empty()) context.out() << table.render(context.terminal());
}

/// Tells what happens while the master works; only where somebody is looking.
void followProgress(Context& context, Admin& admin) {
    const Arguments& args = context.args();
    if (args.isQuiet || !(context.terminal().isTty || args.isVerbose)) return;
    const auto isFollowed = admin.subscribe("event/#", [&context](const AdminMessage& message) {
        if (const auto event = parseEvent(message.topic, message.payload)) {
            context.say(eventLine(*event));
        }
    });
    if (!isFollowed) context.say("no progress to show: " + isFollowed.error().detail());
}

}  // namespace

Result<std::vector<Outcome>> parseOutcomes(const JsonText& answer) {
    const auto parsed = parseJson(answer);
    if (!parsed || !parsed->is_object() || !parsed->contains("results") ||
        !parsed->at("results").is_array()) {
        return Error(Errc::Failed, "the master's answer holds no results");
    }
    std::vector<Outcome> outcomes;
    for (const json& entry : parsed->at("results")) {
        if (!entry.is_object()) continue;
        outcomes.push_back({stringOf(entry, "id"), stringOf(entry, "outcome"),
                            stringOf(entry, "detail"), stringOf(entry, "change")});
    }
    return outcomes;
}

ExitCode exitCodeOf(const std::vector<Outcome>& outcomes) {
    if (outcomes.empty()) return ExitCode::NoSuch;
    const auto all = static_cast<std::ptrdiff_t>(outcomes.size());
    const auto good = std::count_if(outcomes.begin(), outcomes.end(),
                                    [](const Outcome& o) { return o.isGood(); });
    if (good == all) return ExitCode::Done;
    if (good > 0) return ExitCode::Partial;
    const auto areAll = [&](std::string_view word) {
        return std::all_of(outcomes.begin(), outcomes.end(),
                           [&](const Outcome& o) { return o.outcome == word; });
    };
    if (areAll("unknown_server")) return ExitCode::NoSuch;
    if (areAll("timed_out")) return ExitCode::TimedOut;
    if (areAll("refused")) return ExitCode::Refused;
    return ExitCode::Failed;
}

std::string summaryOf(const std::string& verb, const std::vector<Outcome>& outcomes) {
    const auto count = [&](std::string_view word) {
        return std::count_if(outcomes.begin(), outcomes.end(),
                             [&](const Outcome& o) { return o.outcome == word; });
    };
    std::string text = fmt::format("{} {}", count("done"), doneWord(verb));
    if (const auto n = count("already")) text += fmt::format(", {} {}", n, alreadyWord(verb));
    if (const auto n = count("timed_out")) text += fmt::format(", {} timed out", n);
    if (const auto n = count("refused")) text += fmt::format(", {} refused", n);
    if (const auto n = count("unknown_server")) text += fmt::format(", {} unknown", n);
    const auto known = {"done", "already", "timed_out", "refused", "unknown_server"};
    const auto failed = std::count_if(outcomes.begin(), outcomes.end(), [&](const Outcome& o) {
        return std::find(known.begin(), known.end(), o.outcome) == known.end();
    });
    if (failed > 0) text += fmt::format(", {} failed", failed);
    return text;
}

ExitCode orderServers(Context& context, const Selection& selection) {
    auto body = bodyFor(context, selection);
    if (!body) return context.fail(body.error());
    if (auto added = addChangeFlags(context.args(), *body); !added)
        return context.fail(added.error());
    if (context.args().isDryRun) {
        context.out() << safeJson(jsonText(*body), true) << '\n';
        return ExitCode::Done;
    }
    return sendOperation(context, std::move(*body));
}

ExitCode sendOperation(Context& context, json body) {
    const auto wait = patienceOf(context.args());
    body["timeoutMs"] = (wait - std::min(kGrace, wait / 4)).count();
    auto client = context.admin();
    if (!client) return context.fail(client.error());
    followProgress(context, **client);
    const auto answer = context.ask("supervisor", jsonText(body), wait);
    if (!answer) return context.fail(answer.error());
    const auto outcomes = parseOutcomes(*answer);
    if (!outcomes) return context.fail(outcomes.error());
    print(context, *outcomes, *answer);
    if (outcomes->empty()) {
        return context.fail(ExitCode::NoSuch,
                            "the cluster has no servers to " + context.args().verb);
    }
    context.say(summaryOf(context.args().verb, *outcomes));
    return exitCodeOf(*outcomes);
}

}  // namespace muster::cli
