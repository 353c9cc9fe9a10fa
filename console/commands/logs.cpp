#include "console/commands.hpp"
#include "console/event_queue.hpp"
#include "console/log_lines.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"
#include "console/output/table.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace muster::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLook{250};
constexpr milliseconds kLookForServers{5'000};
constexpr int kMostRounds = 64;  // of pages between two prints
constexpr std::size_t kDefaultTail = 20;
constexpr std::size_t kMostHistory = 256
                                     << 20;  // bytes in memory: they are sorted before they print

std::string timeText(std::int64_t timeMs) {
    if (timeMs <= 0) return "-";
    const auto time = static_cast<std::time_t>(timeMs / 1000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(time), timeMs % 1000);
}

/// Tabs are what they are in a log; all else that moves a terminal is shown.
std::string safeLine(std::string_view line) {
    std::string text;
    for (std::size_t begin = 0; begin <= line.size();) {
        const auto end = std::min(line.find('\t', begin), line.size());
        text += safeText(line.substr(begin, end - begin));
        if (end < line.size()) text += '\t';
        begin = end + 1;
    }
    return text;
}

/// Reads and prints the streams of the selected servers.
class LogPrinter {
public:
    LogPrinter(Context& context, Selection selection)
        : context_(context),
          selection_(std::move(selection)),
          lines_(context.args().limit > 0 ? static_cast<std::size_t>(context.args().limit)
                                          : kDefaultTail) {}

    /// NoSuch if none is selected, at first.
    Result<void> look(bool isFirst) {
        const auto list = context_.servers();
        if (!list) return list.error();
        for (const ServerRow& row : list->rows) {
            if (!row.isManaged || !selection_.matches(row) || lines_.has(row.id)) continue;
            width_ = std::max(width_, displayWidth(row.id));
            for (const char* stream : {"stdout", "stderr"})
                if (context_.args().stream.empty() || context_.args().stream == stream)
                    lines_.add(row.id, stream, !isFirst);
        }
        if (isFirst && lines_.streams() == 0)
            return Error(Errc::UnknownServer, "no server matches; 'muster ls' shows all");
        return {};
    }

    /// Of those who write faster than this reads, not all at once: it is printed in between.
    Result<void> read(bool isAll, bool isLast) {
        for (int round = 0; round == 0 || (lines_.hasMore() && round < kMostRounds); ++round) {
            for (const JsonText& question : lines_.questions(std::exchange(isAll, false), isLast)) {
                const auto answer = context_.ask("supervisor", question);
                if (!answer) return answer.error();
                if (auto taken = lines_.take(*answer); !taken) return taken;
            }
            if (lines_.bytes() > kMostHistory)
                return Error(Errc::Limit,
                             "that is more than can be sorted: name fewer servers, or "
                             "a smaller -n");
        }
        return {};
    }

    void print() {
        for (const std::string& remark : lines_.remarks()) context_.say(remark);
        for (const LogText& line : lines_.lines()) context_.out() << textOf(line) << '\n';
        context_.out() << std::flush;
    }

    void follow() { lines_.follow(); }
    bool hasMore() const { return lines_.hasMore(); }

    ExitCode result() const {
        if (lines_.failures() == 0) return ExitCode::Done;
        return lines_.failures() == lines_.streams() ? ExitCode::Failed : ExitCode::Partial;
    }

private:
    std::string textOf(const LogText& line) const {
        const Format format = context_.args().format;
        if (format == Format::Json || format == Format::JsonLines)
            return safeJson(jsonText({{"time", timeText(line.timeMs)},
                                      {"id", line.id},
                                      {"stream", line.stream},
                                      {"line", line.text}}),
                            false);
        std::string head = format == Format::Wide
                               ? fmt::format("{} {} ", timeText(line.timeMs), line.stream)
                               : std::string();
        head += safeText(line.id);
        const auto padding = width_ - std::min(width_, displayWidth(safeText(line.id)));
        const bool isError = line.stream == "stderr";
        return coloured(head, isError ? Colour::Red : Colour::Blue, context_.terminal()) +
               std::string(padding, ' ') + " | " + safeLine(line.text);
    }

    Context& context_;
    Selection selection_;
    LogLines lines_;
    std::size_t width_ = 0;
};

ExitCode follow(Context& context, LogPrinter& printer, EventQueue& signals) {
    printer.follow();
    const auto end = Clock::now() + context.timeoutOr(std::chrono::hours(24 * 365));
    auto looked = Clock::now();
    while (Clock::now() < end && context.out()) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        const auto taken = signals.take(std::clamp(left, milliseconds(0), kLook));
        if (taken.kind == EventQueue::Kind::Interrupted) return ExitCode::Interrupted;
        if (taken.kind == EventQueue::Kind::Closed)
            return context.fail(ExitCode::Unreachable, "the connection to the master was lost");
        if (Clock::now() >= looked + kLookForServers) {
            looked = Clock::now();
            if (auto found = printer.look(false); !found) return context.fail(found.error());
        }
        if (auto read = printer.read(true, false); !read) return context.fail(read.error());
        printer.print();
    }
    return ExitCode::Done;
}

}  // namespace

ExitCode runLogs(Context& context) {
    const Arguments& args = context.args();
    auto selection = Selection::parse(args.words, args.type, args.ids);
    if (!selection) return context.fail(selection.error());
    std::shared_ptr<EventQueue> signals;  // shared with the client's thread
    if (args.isFollowing) {
        signals = std::make_shared<EventQueue>();
        auto client = context.admin([signals] { signals->close(); });
        if (!client) return context.fail(client.error());
    }
    LogPrinter printer(context, std::move(*selection));
    if (auto found = printer.look(true); !found) return context.fail(found.error());
    bool isFirst = true;
    do {
        if (auto read = printer.read(isFirst, !args.isFollowing); !read)
            return context.fail(read.error());
        isFirst = false;
    } while (printer.hasMore());
    printer.print();
    return args.isFollowing ? follow(context, printer, *signals) : printer.result();
}

}  // namespace muster::cli
