#include "console/commands/readiness.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr std::size_t kMostNamed = 20;

std::string blockerText(const ServerRow& row) {
    const std::string state = row.state.empty() ? "unknown" : row.state;
    return row.note.empty() ? row.id + " " + state
                            : fmt::format("{} {} ({})", row.id, state, row.note);
}

ExitCode conclude(Context& context, const ReadinessProgress& progress) {
    if (progress.isReady()) {
        std::string text = fmt::format("{} of {} ready", progress.total(), progress.total());
        for (const std::string& id : progress.held())
            text += fmt::format("; {0} stays stopped ('muster start {0}' starts it)", id);
        context.say(text);
        return ExitCode::Done;
    }
    if (progress.isNothing()) {
        return context.fail(ExitCode::NoSuch, "no server matches; 'muster ls' shows all");
    }
    std::string text =
        fmt::format("{} of {} not ready in time:", progress.blockers().size(), progress.total());
    const auto& blockers = progress.blockers();
    const std::size_t named = std::min(blockers.size(), kMostNamed);
    for (std::size_t i = 0; i < named; ++i) text += (i == 0 ? " " : "; ") + blockers[i];
    if (named < blockers.size()) text += fmt::format("; and {} more", blockers.size() - named);
    return context.fail(ExitCode::TimedOut, text);
}

}  // namespace

std::vector<std::string> ReadinessProgress::look(const ServerList& list) {
    std::vector<std::string> news;
    blockers_.clear();
    held_.clear();
    total_ = 0;
    for (const ServerRow& row : list.rows) {
        if (!selection_.matches(row)) continue;
        if (row.isHeld && (selection_.isEmpty() || selection_.isAll())) {
            held_.push_back(row.id);
            continue;
        }
        ++total_;
        const bool isDraining = row.isCordoned && row.state == "draining";
        if (!row.isReady && !isDraining) blockers_.push_back(blockerText(row));
        std::string& known = states_[row.id];
        if (known == row.state) continue;
        known = row.state;
        news.push_back(row.isReady ? row.id + " " + row.state : blockerText(row));
    }
    return news;
}

ExitCode waitUntilReady(Context& context, const Selection& selection,
                        std::chrono::milliseconds timeout) {
    ReadinessProgress progress(selection);
    Result<ServerList> list = Error(Errc::Closed, "no master answers");
    context.limitTo(timeout);  // a look may take long, too: a frozen master accepts and is silent
    const auto end = context.hooks().now() + timeout;
    for (;;) {
        list = context.servers();
        if (list) {
            for (const std::string& line : progress.look(*list)) context.say(line);
            if (progress.isReady() || progress.isNothing()) break;
        } else if (list.error().code() == Errc::Closed || list.error().code() == Errc::Timeout) {
            context.disconnect();  // the master may be on its way, or restarting
        } else {
            return context.fail(list.error());
        }
        if (context.hooks().isOver()) return ExitCode::Interrupted;
        // The last look needs time too: cut short, it would blame a master for being silent.
        if (context.hooks().now() + 2 * kBetweenLooks > end) break;
        context.hooks().pause(kBetweenLooks);
    }
    if (!list) return context.fail(list.error());
    return conclude(context, progress);
}

}  // namespace muster::cli
