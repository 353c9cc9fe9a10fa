#include "keeper/child_table.hpp"

#include "common/log.hpp"
#include "keeper/spawn.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

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

}  // namespace

ChildTable::ChildTable(EpollLoop& loop, std::string stateDirectory, LogLimits limits,
                       Listener listener)
    : loop_(loop),
      stateDirectory_(std::move(stateDirectory)),
      limits_(limits),
      listener_(std::move(listener)),
      records_(stateDirectory_ + "/keeper"),
      bootId_(currentBootId()) {}

ChildTable::~ChildTable() {
    for (auto& [id, child] : children_)
        if (child.process) loop_.unwatch(child.process.get());
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
    // On disk before it runs: a keeper that comes after a kill -9 right here finds it by its nonce.
    record(child);
    auto piped = openPipes(child);
    watchPattern(child, request.readyPattern);
    auto process =
        piped ? spawnProcess({request.argv, request.env, request.cwd, request.user, request.umask,
                              child.output->fifoPath(), child.errors->fifoPath()})
              : Result<SpawnedProcess>(piped.error());
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
    int count = 0;
    for (const ProcessIdentity& process : findByNonce(nonce))
        if (signalProcess(process, SIGKILL)) ++count;
    return count;
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
    if (child.output) child.output->drain();
    if (child.errors) child.errors->drain();
    child.state.exit = status;
    record(child);
    listener_({Event::Kind::Exited, snapshot(child)});
}

void ChildTable::record(const Child& child) {
    auto json = nlohmann::json::parse(encode(child.state));
    json["boot"] = bootId_;
    json["readyPattern"] = child.readyPattern;
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
    child.state.isAdopted = true;
    child.identity = {child.state.pid, child.state.startTicks, isOfThisBoot ? bootId_ : "earlier",
                      child.state.nonce};
    child.process = openProcess(child.identity);
    if (!child.process) {
        log::warn("keeper", "{} ended while no keeper was there", child.state.id);
        return ended(child, ExitStatus{});
    }
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
