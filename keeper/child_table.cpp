#include "keeper/child_table.hpp"

#include "common/log.hpp"
#include "keeper/group_signal.hpp"

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

/// To the group that `pid` leads; with an older kernel the caller has to know that the pid is not
/// another's. What there is to it is in errno.
bool signalGroup(const UniqueFd& process, pid_t pid, int signal) {
    if (process && signalGroupOf(process, signal)) return true;
    if (process && errno != EINVAL && errno != ENOSYS) return false;
    return ::kill(-pid, signal) == 0;
}

}  // namespace

ChildTable::ChildTable(EpollLoop& loop, Options options, Listener listener)
    : loop_(loop),
      stateDirectory_(std::move(options.stateDirectory)),
      limits_(options.logs),
      listener_(std::move(listener)),
      records_(stateDirectory_ + "/keeper"),
      bootId_(currentBootId()),
      cgroups_(stateDirectory_, std::move(options.cgroupParent)),
      remnants_([this] { return runningPids(); }),
      sweeper_(loop_, remnants_,
               [this](const std::string& id, SweepOutcome outcome) { swept(id, outcome); }) {}

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
    if (known != children_.end() && known->second.state.exit->remaining > 0)
        return Error(Errc::Conflict, request.id + " left processes behind that do not die");
    Child& child = children_[request.id];
    child.state = ChildState{};
    child.state.id = request.id;
    child.state.nonce = request.nonce;
    child.end.reset();
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

std::set<pid_t> ChildTable::runningPids() const {
    std::set<pid_t> pids;
    for (const auto& [id, child] : children_)
        if (!child.state.exit && !child.end) pids.insert(child.state.pid);
    return pids;
}

ChildTable::Child* ChildTable::findRunning(const std::string& id, const std::string& nonce) {
    const auto found = children_.find(id);
    if (found == children_.end() || found->second.state.nonce != nonce) return nullptr;
    const bool hasEnded = found->second.state.exit || found->second.end;
    return hasEnded ? nullptr : &found->second;
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
    int count = found != children_.end() ? static_cast<int>(found->second.cgroup.kill().size()) : 0;
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
    if (found->second.state.exit->remaining > 0)
        return Error(Errc::Conflict, id + " left processes behind that do not die");
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

void ChildTable::record(const Child& child) {
    auto json = nlohmann::json::parse(encode(child.state));
    json["boot"] = bootId_;
    json["readyPattern"] = child.readyPattern;
    if (child.end) json["end"] = nlohmann::json::parse(encode(*child.end));
    if (!child.sockets.empty()) json["sockets"] = child.sockets;
    if (child.cgroup.exists()) json["cgroups"] = child.cgroup.directories();
    if (auto written = records_.put(child.state.id, jsonText(json)); !written)
        log::error("keeper", "{}: {}", child.state.id, written.error().detail());
}

}  // namespace muster::keeper
