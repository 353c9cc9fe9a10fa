#include "console/change_flags.hpp"
#include "console/commands.hpp"
#include "console/commands/change_list.hpp"
#include "console/commands/outcomes.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"
#include "console/output/table.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPlanTime{15'000};

void printTable(Context& context, const ChangeList& list) {
    Table table({{"ID"}, {"CHANGE"}, {"STATE"}, {"SESSIONS", Align::Right}, {"WHY"}});
    const bool isWide = context.args().format == Format::Wide;
    bool isEmpty = true;
    for (const Change& change : list.changes) {
        if (!change.isChange() && !isWide) continue;
        isEmpty = false;
        table.add({{change.id, Colour::None},
                   {change.change, change.colour()},
                   {change.state, Colour::None},
                   {change.busy > 0 ? std::to_string(change.busy) : "-", Colour::None},
                   {change.why(), Colour::None}});
    }
    if (!isEmpty) context.out() << table.render(context.terminal());
}

void printDiff(Context& context, const ChangeList& list) {
    for (const Change& change : list.changes)
        if (change.isChange()) context.out() << safeText(change.diffLine()) << '\n';
}

void print(Context& context, const ChangeList& list) {
    const Format format = context.args().format;
    if (format == Format::Json || format == Format::JsonLines) {
        context.out() << safeJson(list.json, format == Format::Json) << '\n';
    } else if (context.args().verb == "diff") {
        printDiff(context, list);
    } else {
        printTable(context, list);
    }
    context.say(list.summary());
    for (const std::string& part : list.ofMaster)
        context.say(
            fmt::format("{} differs too: a new master takes it ('muster help master')", part));
}

Result<ChangeList> askForPlan(Context& context) {
    const auto answer = context.ask("supervisor", R"({"op":"plan"})", kPlanTime);
    if (!answer) return answer.error();
    return parseChanges(*answer);
}

/// Who changes what runs types the cluster's name, or says --yes.
ExitCode confirm(Context& context, const ChangeList& list) {
    if (context.args().isConfirmed || list.touched() == 0) return ExitCode::Done;
    const auto typed = context.hooks().ask(
        fmt::format("{} this to {} running server{} with {} sessions: type the cluster's name: ",
                    context.args().verb, list.touched(), list.touched() == 1 ? "" : "s",
                    list.sessions()),
        false);
    if (!typed)
        return context.fail(ExitCode::Usage,
                            context.args().verb + " needs --yes where nobody can be asked");
    if (*typed != list.cluster) return context.fail(ExitCode::Refused, "not confirmed");
    return ExitCode::Done;
}

}  // namespace

ExitCode runScale(Context& context) {
    const Arguments& args = context.args();
    std::size_t count = 0;
    const std::string number = args.words.size() == 2 ? args.words[1] : std::string();
    const char* end = number.data() + number.size();
    const auto read = std::from_chars(number.data(), end, count);
    if (number.empty() || read.ec != std::errc() || read.ptr != end)
        return context.fail(ExitCode::Usage,
                            "scale takes a type and a number of servers: 'muster scale chat 4'");
    json body{{"op", "scale"}, {"type", args.words[0]}, {"count", count}, {"dryRun", true}};
    const auto answer = context.ask("supervisor", jsonText(body), kPlanTime);
    if (!answer) return context.fail(answer.error());
    const auto list = parseChanges(*answer);
    if (!list) return context.fail(list.error());
    const bool isJson = args.format == Format::Json || args.format == Format::JsonLines;
    if (!isJson || args.isDryRun || !list->hasChanges()) print(context, *list);
    if (!list->hasChanges()) return ExitCode::Done;
    if (args.isDryRun) return ExitCode::Changes;
    if (const ExitCode confirmed = confirm(context, *list); confirmed != ExitCode::Done)
        return confirmed;
    body.erase("dryRun");
    body["plan"] = list->plan;
    if (auto added = addChangeFlags(args, body); !added) return context.fail(added.error());
    return sendOperation(context, std::move(body));
}

ExitCode runPlan(Context& context) {
    const auto list = askForPlan(context);
    if (!list) return context.fail(list.error());
    print(context, *list);
    return list->hasChanges() ? ExitCode::Changes : ExitCode::Done;
}

ExitCode runApply(Context& context) {
    const Arguments& args = context.args();
    if (!args.words.empty())
        return context.fail(ExitCode::Usage, "apply takes no '" + args.words.front() + "'");
    const auto list = askForPlan(context);
    if (!list) return context.fail(list.error());
    const bool isJson = args.format == Format::Json || args.format == Format::JsonLines;
    if (!isJson || args.isDryRun) print(context, *list);
    if (args.isDryRun) return list->hasChanges() ? ExitCode::Changes : ExitCode::Done;
    if (!args.plan.empty() && args.plan != list->plan)
        return context.fail(
            ExitCode::Refused,
            fmt::format("plan {} is no longer what would be done, but {}", args.plan, list->plan));
    if (!list->hasChanges()) return ExitCode::Done;
    if (const ExitCode confirmed = confirm(context, *list); confirmed != ExitCode::Done)
        return confirmed;
    json body{{"op", "apply"}, {"plan", list->plan}};
    if (auto added = addChangeFlags(args, body); !added) return context.fail(added.error());
    return sendOperation(context, std::move(body));
}

}  // namespace muster::cli
