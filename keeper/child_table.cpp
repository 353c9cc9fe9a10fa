#include "keeper/child_table.hpp"

#include "common/log.hpp"
#include "keeper/last_words.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace muster::keeper {

namespace {

constexpr std::size_t kMaxChildren = 10'000;

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

/// To the group that `pid` leads. The kernel (6.9) knows by the pidfd whose group is meant, even
/// when its leader was reaped; without that the caller has to know that the pid is not another's.
/// What there is to it is in errno.
bool signalGroup(const UniqueFd& process, pid_t pid, int signal) {
    constexpr unsigned kProcessGroup = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP
    if (process &&
        ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, kProcessGroup) == 0)
        return true;
    if (process && errno != EINVAL && errno != ENOSYS) return false;
    return ::kill(-pid, signal) == 0;
}

std::string textField(const nlohmann::json& record, const char* key) {
    const auto found = record.find(key);
    return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> textsField(const nlohmann::json& record, const char* key) {
    std::vector<std::string> texts;
    const auto found = record.find(key);
    if (found == record.end() || !found->is_array()) return texts;
    for (const auto& item : *found)
        if (item.is_string()) texts.push_back(item.get<std::string>());
    return texts;
}

}  // namespace

ChildTable::ChildTable(EpollLoop& loop, Options options, Listener listener)
    : loop_(loop),
      stateDirectory_(std::move(options.stateDirectory)),
      limits_(options.logs),
      listener_(std::move(listener)),
      records_(stateDirectory_ + "/keeper"),
      bootId_(currentBootId()),
      cgroups_(stateDirectory_, std::move(options.cgroupParent)) {}

ChildTable::~ChildTable() {
    for (auto& [id, child] : children_)
        if (child.process) loop_.unwatch(child.process.get());
    cgroups_.removeRoots();
}

Result<void> ChildTable::open() {
    if (auto opened = records_.open(); !opened) return opened;
    for (const char* name : {"/fifo", "/logs"})
        if (auto made = makePrivateDirectory(stateDirectory_ + name); !made) return made;
    for (const auto& [id, text] : records_.list()) adopt(text);
    return {};
}

Result<ChildState> ChildTable::spawn(const SpawnRequest& request) {
    const auto known = children_.find(request.id);
    if (known == children_.end() && children_.size() >= kMaxChildren)
        return Error(Errc::Limit, "the keeper holds 10000 processes already");
    if (known != children_.end() && !known->second.state.exit)
        return Error(Errc::Conflict, request.id + " is running already as process " +
                                         std::to_string(known->second.state.pid));
    Child& child = children_[request.id];
    child.state = ChildState{};
    child.state.id = request.id;
    child.state.nonce = request.nonce;
    child.state.startedMs = unixMilliseconds(loop_.wallTime());
    child.readyPattern = request.readyPattern;
    child.sockets = request.settings.sockets;
    // On disk before it runs: a keeper that comes after a kill -9 right here finds it by its nonce.
    record(child);
    auto piped = openPipes(child);
    watchPattern(child, request.readyPattern);
    auto process = piped ? run(request, child) : Result<SpawnedProcess>(piped.error());
    if (!process) {
        records_.erase(request.id);
        children_.erase(request.id);
        return process.error();
    }
    const pid_t pid = process->pid;
    child.state.pid = pid;
    if (const auto stat = readProcStat(pid)) child.state.startTicks = stat->startTicks;
    child.identity = {pid, child.state.startTicks, bootId_, request.nonce};
    child.process = std::move(process->process);
    record(child);
    watchEnd(child);
    return child.state;
}

Result<SpawnedProcess> ChildTable::run(const SpawnRequest& request, Child& child) {
    child.errors->forgetLines();
    auto sockets = sockets_.open(request.id, request.settings.sockets);
    if (!sockets) return sockets.error();
    SpawnPlan plan;
    plan.sockets = std::move(*sockets);
    plan.argv = request.argv;
    plan.env = request.env;
    plan.cwd = request.cwd;
    plan.user = request.user;
    plan.settings = request.settings;
    plan.outputFifo = child.output->fifoPath();
    plan.errorFifo = child.errors->fifoPath();
    // The node is no server: what it starts, e.g. the next keeper, is not to die with it.
    if (request.id != kNodeId)
        child.cgroup = cgroups_.make(request.id, request.nonce, request.settings);
    const CgroupEntry entry = openEntry(child.cgroup);
    plan.cgroup = entry.directory.get();
    for (const UniqueFd& file : entry.files) plan.cgroupFiles.push_back(file.get());
    if (request.id != kNodeId) child.state.cgroup = child.cgroup.text();
    auto process = spawnProcess(plan);
    if (!process) (void)cgroups_.remove(child.cgroup);
    return process;
}

/// Whatever it left there ends with it, and why it ended may stand there.
void ChildTable::leaveCgroup(Child& child, ExitStatus& status) {
    if (!child.cgroup.exists()) return;
    child.cgroup.kill();
    const bool isFailure = !status.isKnown || status.signal != 0 || status.code != 0;
    status.isOutOfMemory = isFailure && child.cgroup.outOfMemoryKills() > 0;
    if (status.isOutOfMemory) status.memoryLimit = child.cgroup.memoryLimit();
    removeCgroup(std::exchange(child.cgroup, {}), 0);
}

/// What was killed takes a moment to be gone; what is never gone, e.g. on a hung disk, is left.
void ChildTable::removeCgroup(const Cgroup& cgroup, int tries) {
    if (cgroups_.remove(cgroup) || tries == 10) return;
    loop_.after(std::chrono::milliseconds(1 << tries),
                [this, cgroup, tries] { removeCgroup(cgroup, tries + 1); });
}

Result<void> ChildTable::openPipes(Child& child) {
    const auto make = [&](std::unique_ptr<LogPipe>& pipe, const std::string& stream) {
        const std::string name = child.state.id + "." + stream;
        if (!pipe)
            pipe = std::make_unique<LogPipe>(loop_, stateDirectory_ + "/fifo/" + name,
                                             stateDirectory_ + "/logs/" + name + ".log", limits_);
        return pipe->open();
    };
    if (auto opened = make(child.output, "stdout"); !opened) return opened;
    return make(child.errors, "stderr");
}

void ChildTable::watchPattern(Child& child, const std::string& pattern) {
    if (!child.output || !child.errors) return;
    const auto onMatch = [this, &child] {  // the child owns the pipe that calls
        if (child.state.isMatched) return;
        child.state.isMatched = true;
        record(child);
        listener_({Event::Kind::Matched, snapshot(child)});
    };
    child.output->watchFor(pattern, onMatch);
    child.errors->watchFor(pattern, onMatch);
}

ChildTable::Child* ChildTable::findRunning(const std::string& id, const std::string& nonce) {
    const auto found = children_.find(id);
    if (found == children_.end() || found->second.state.nonce != nonce) return nullptr;
    return found->second.state.exit ? nullptr : &found->second;
}

Result<void> ChildTable::signal(const std::string& id, const std::string& nonce, int signal) {
    const Child* child = findRunning(id, nonce);
    if (child == nullptr) return Error(Errc::UnknownServer, id + " is not running");
    if (child->state.isAdopted && !isRunning(child->identity))
        return Error(Errc::UnknownServer, id + " is gone");
    // Not reaped yet, so neither its pid nor its group can be another's.
    if (signalGroup(child->process, child->state.pid, signal)) return {};
    return Error(errno == ESRCH ? Errc::UnknownServer : Errc::Failed,
                 "signal to " + id + ": " + std::strerror(errno));
}

Result<int> ChildTable::sweep(const std::string& id, const std::string& nonce) {
    const auto found = children_.find(id);
    if (found != children_.end() && found->second.state.nonce != nonce)
        return Error(Errc::Conflict, id + " has another life now");
    int count = found != children_.end() ? found->second.cgroup.kill() : 0;
    for (const ProcessIdentity& process : findByNonce(nonce))
        if (signalProcess(process, SIGKILL)) ++count;
    return count;
}

Result<void> ChildTable::release(const std::string& id) {
    const auto found = children_.find(id);
    if (found != children_.end() && !found->second.state.exit)
        return Error(Errc::Conflict, id + " is running");
    sockets_.close(id);
    return {};
}

Result<void> ChildTable::forget(const std::string& id, const std::string& nonce) {
    const auto found = children_.find(id);
    if (found == children_.end() || found->second.state.nonce != nonce) return {};
    if (!found->second.state.exit) return Error(Errc::Conflict, id + " is running");
    for (const auto* pipe : {&found->second.output, &found->second.errors})
        if (*pipe) ::unlink((*pipe)->fifoPath().c_str());
    records_.erase(id);
    children_.erase(found);
    return {};
}

std::vector<ChildState> ChildTable::list() const {
    std::vector<ChildState> states;
    states.reserve(children_.size());
    for (const auto& [id, child] : children_) states.push_back(snapshot(child));
    return states;
}

std::vector<int> ChildTable::pipes() const {
    std::vector<int> fds;
    for (const auto& [id, child] : children_)
        for (const auto* pipe : {&child.output, &child.errors})
            if (*pipe && (*pipe)->fd() >= 0) fds.push_back((*pipe)->fd());
    return fds;
}

std::optional<ChildState> ChildTable::find(const std::string& id) const {
    const auto found = children_.find(id);
    if (found == children_.end()) return std::nullopt;
    return snapshot(found->second);
}

ChildState ChildTable::snapshot(const Child& child) const {
    ChildState state = child.state;
    for (const auto* pipe : {&child.output, &child.errors})
        if (*pipe) state.lostLines += (*pipe)->lostLines();
    return state;
}

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
        return entry.second.state.pid == info.si_pid && !entry.second.state.exit;
    });
    // What it left behind in its own group would be a second server of the id after a restart.
    if (found != children_.end()) ::kill(-info.si_pid, SIGKILL);
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

void ChildTable::ended(Child& child, ExitStatus status) {
    status.timeMs = unixMilliseconds(loop_.wallTime());
    status.ranForMs = child.state.startTicks ? ranForMilliseconds(child.state.startTicks) : 0;
    if (child.process) loop_.unwatch(child.process.get());
    child.process.reset();
    leaveCgroup(child, status);
    if (child.output) child.output->drain();
    if (child.errors) {
        child.errors->drain();
        status.lastLines = lastWords(child.errors->lastLines(kLinesLookedAt));
    }
    child.state.exit = status;
    record(child);
    listener_({Event::Kind::Exited, snapshot(child)});
}

void ChildTable::record(const Child& child) {
    auto json = nlohmann::json::parse(encode(child.state));
    json["boot"] = bootId_;
    json["readyPattern"] = child.readyPattern;
    if (!child.sockets.empty()) json["sockets"] = child.sockets;
    if (child.cgroup.exists()) json["cgroups"] = child.cgroup.directories();
    if (auto written = records_.put(child.state.id, jsonText(json)); !written)
        log::error("keeper", "{}: {}", child.state.id, written.error().detail());
}

void ChildTable::adopt(const std::string& text) {
    auto state = decodeChild(text);
    if (!state) return log::warn("keeper", "a damaged record is ignored");
    const auto json = parseJson(text);
    Child& child = children_[state->id];
    child.state = std::move(*state);
    child.readyPattern = textField(*json, "readyPattern");
    if (child.state.exit) return;
    if (child.state.id != kNodeId)
        child.cgroup =
            cgroups_.adopt(child.state.id, child.state.nonce, textsField(*json, "cgroups"));
    const bool isOfThisBoot = textField(*json, "boot") == bootId_;
    if (child.state.pid == 0 && isOfThisBoot) {
        for (const ProcessIdentity& process : findByNonce(child.state.nonce)) {
            const auto stat = readProcStat(process.pid);
            if (!stat || stat->session != process.pid) continue;
            child.state.pid = process.pid;
            child.state.startTicks = process.startTicks;
            break;
        }
    }
    // Of this very process, which then was another program.
    const auto stat = isOfThisBoot ? readProcStat(child.state.pid) : std::nullopt;
    const bool isChild =
        stat && stat->parent == ::getpid() && stat->startTicks == child.state.startTicks;
    child.state.isAdopted = !isChild;
    child.identity = {child.state.pid, child.state.startTicks, isOfThisBoot ? bootId_ : "earlier",
                      child.state.nonce};
    child.process = isChild
                        ? UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.state.pid, 0U)))
                        : openProcess(child.identity);
    if (!child.process) {
        log::warn("keeper", "{} ended while no keeper was there", child.state.id);
        return ended(child, ExitStatus{});
    }
    child.sockets = textsField(*json, "sockets");
    sockets_.adopt(child.state.id, child.sockets, child.process.get());
    if (auto piped = openPipes(child); !piped)
        log::error("keeper", "{}: {}", child.state.id, piped.error().detail());
    if (!child.state.isMatched) watchPattern(child, child.readyPattern);
    watchEnd(child);
    record(child);
    log::info("keeper", "adopted {}: process {}", child.state.id, child.state.pid);
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

}  // namespace muster::keeper
