#include "common/log.hpp"
#include "keeper/child_table.hpp"
#include "keeper/group_signal.hpp"
#include "keeper/last_words.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

// How servers end, and what is done until nothing of them is left.
namespace muster::keeper {

namespace {

std::int64_t unixMilliseconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// How long a process that started at `startTicks` has run, by the clock the kernel stamps with.
std::int64_t ranForMilliseconds(std::uint64_t startTicks) {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const auto ticksPerSecond = static_cast<std::int64_t>(::sysconf(_SC_CLK_TCK));
    const std::int64_t started = static_cast<std::int64_t>(startTicks) * 1000 / ticksPerSecond;
    const std::int64_t passed = now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
    return std::max<std::int64_t>(0, passed - started);
}

}  // namespace

void ChildTable::reap() {
    for (;;) {
        siginfo_t info{};
        // Looked at first, collected later: until then its process group is surely its own.
        if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
        collect(info);
    }
}

void ChildTable::collect(const siginfo_t& info) {
    const auto found = std::find_if(children_.begin(), children_.end(), [&](const auto& entry) {
        const Child& child = entry.second;
        return child.state.pid == info.si_pid && !child.state.exit && !child.end;
    });
    // Of a server the sweep kills it, where the group is still known once its leader was reaped.
    const bool isSwept = found != children_.end() && found->first != kNodeId &&
                         signalGroupOf(found->second.process, 0);
    if (found != children_.end() && !isSwept) ::kill(-info.si_pid, SIGKILL);
    siginfo_t ignored{};
    ::waitid(P_PID, static_cast<id_t>(info.si_pid), &ignored, WEXITED | WNOHANG);
    if (found == children_.end()) return;  // an orphan that came to the subreaper
    ExitStatus exit;
    exit.isKnown = true;
    exit.code = info.si_code == CLD_EXITED ? info.si_status : 0;
    exit.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    exit.hasCore = info.si_code == CLD_DUMPED;
    ended(found->second, exit);
}

/// Not told before nothing of it is left: that would be a second server of the id.
void ChildTable::ended(Child& child, ExitStatus status) {
    status.timeMs = unixMilliseconds(loop_.wallTime());
    status.ranForMs = child.state.startTicks ? ranForMilliseconds(child.state.startTicks) : 0;
    const bool isFailure = !status.isKnown || status.signal != 0 || status.code != 0;
    status.isOutOfMemory = isFailure && child.cgroup.outOfMemoryKills() > 0;
    if (status.isOutOfMemory) status.memoryLimit = child.cgroup.memoryLimit();
    if (child.process) loop_.unwatch(child.process.get());
    child.end = status;
    // What the node has started, e.g. a keeper, goes on.
    if (child.state.id == kNodeId) return swept(child.state.id, {});
    sweepAfter(child);
}

void ChildTable::sweepAfter(Child& child) {
    EndedLife life;
    life.id = child.state.id;
    life.nonce = child.state.nonce;
    life.startTicks = child.identity.bootId == bootId_ ? child.state.startTicks : 0;
    life.cgroup = child.cgroup;
    life.process = std::move(child.process);
    sweeper_.begin(std::move(life));
    if (child.end) record(child);  // how it ended is not to be lost with the keeper
}

void ChildTable::swept(const std::string& id, SweepOutcome outcome) {
    const auto found = children_.find(id);
    if (found == children_.end() || !found->second.end) return;
    Child& child = found->second;
    ExitStatus status = *child.end;
    status.remnants = outcome.killed;
    status.remaining = outcome.remaining;
    child.process.reset();
    if (child.output) child.output->drain();
    if (child.errors) {
        child.errors->drain();
        status.lastLines = lastWords(child.errors->lastLines(kLinesLookedAt));
    }
    child.state.exit = status;
    if (outcome.remaining == 0) {
        child.end.reset();
        removeCgroup(std::exchange(child.cgroup, {}), 0);
    } else {
        log::warn("keeper", "{} left {} processes behind that do not die: a hung disk?", id,
                  outcome.remaining);
    }
    record(child);
    listener_({Event::Kind::Exited, snapshot(child)});
}

void ChildTable::watchEnd(Child& child) {
    if (!child.process) return;  // then SIGCHLD alone tells
    loop_.watch(child.process.get(), EPOLLIN, [this, &child](std::uint32_t) { onEnd(child); });
}

void ChildTable::onEnd(Child& child) {
    siginfo_t info{};
    const auto process = static_cast<id_t>(child.process.get());
    if (::waitid(P_PIDFD, process, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        if (info.si_pid != 0) collect(info);
    } else if (errno == ECHILD) {
        ended(child, ExitStatus{});  // its parent, init, has the status
    }
}

/// It is empty, but for a moment the kernel may be at it.
void ChildTable::removeCgroup(const Cgroup& cgroup, int tries) {
    if (cgroups_.remove(cgroup) || tries == 10) return;
    loop_.after(std::chrono::milliseconds(1 << tries),
                [this, cgroup, tries] { removeCgroup(cgroup, tries + 1); });
}

}  // namespace muster::keeper
