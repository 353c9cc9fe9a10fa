#include "keeper/spawn.hpp"

#include "keeper/child_setup.hpp"
#include "keeper/clone_process.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr int kAboveSockets = 64;  // where no socket of a child goes

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

std::string searchPath(const SpawnPlan& plan) {
    const std::string& name = plan.argv.front();
    if (name.find('/') != std::string::npos) return name;
    std::string_view path = "/usr/local/bin:/usr/bin:/bin";
    for (const std::string& entry : plan.env)
        if (entry.starts_with("PATH=")) path = std::string_view(entry).substr(5);
    while (!path.empty()) {
        const auto end = std::min(path.find(':'), path.size());
        const std::string candidate = std::string(path.substr(0, end)) + "/" + name;
        struct stat status {};
        if (end > 0 && ::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
            ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return name;  // exec will say that there is none
}

Result<Account> findAccount(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) return Error(Errc::Failed, "no user \"" + name + "\" on this host");
    Account account{entry->pw_uid, entry->pw_gid, std::vector<gid_t>(64)};
    int count = static_cast<int>(account.groups.size());
    if (::getgrouplist(name.c_str(), account.group, account.groups.data(), &count) < 0) {
        account.groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(name.c_str(), account.group, account.groups.data(), &count);
    }
    account.groups.resize(static_cast<std::size_t>(count));
    return account;
}

std::vector<ResourceLimit> limitsOf(const ProcessSettings& settings) {
    std::vector<ResourceLimit> limits;
    for (const auto& [name, value] : settings.rlimits) {
        const rlim_t bound = value < 0 ? RLIM_INFINITY : static_cast<rlim_t>(value);
        limits.push_back({resourceOf(name).value_or(0), {bound, bound}});
    }
    return limits;
}

std::optional<cpu_set_t> cpusOf(const ProcessSettings& settings) {
    if (settings.cpus.empty()) return std::nullopt;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    for (const int cpu : settings.cpus)
        if (cpu < CPU_SETSIZE) CPU_SET(static_cast<std::size_t>(cpu), &cpus);
    return cpus;
}

/// `listen` outlives the result: it holds the variables that tell of passed sockets.
Result<Prepared> prepare(const SpawnPlan& plan, std::array<std::string, 2>& listen) {
    Prepared prepared;
    prepared.program = searchPath(plan);
    prepared.argv = pointers(plan.argv);
    prepared.env = pointers(plan.env);
    prepared.limits = limitsOf(plan.settings);
    prepared.cpus = cpusOf(plan.settings);
    prepared.plan = &plan;
    if (!plan.sockets.empty()) {
        listen = {"LISTEN_FDS=" + std::to_string(plan.sockets.size()),
                  "LISTEN_PID=" + std::string(12, '\0')};
        prepared.env.insert(prepared.env.begin(), {listen[0].data(), listen[1].data()});
        prepared.listenPid = listen[1].data() + std::strlen("LISTEN_PID=");
    }
    if (plan.user.empty()) return prepared;
    auto account = findAccount(plan.user);
    if (!account) return account.error();
    prepared.account = std::move(*account);
    return prepared;
}

}  // namespace

Result<SpawnedProcess> spawnProcess(const SpawnPlan& plan) {
    std::array<std::string, 2> listen;
    auto prepared = prepare(plan, listen);
    if (!prepared) return prepared.error();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return Error(Errc::Limit, std::string("pipe: ") + std::strerror(errno));
    const UniqueFd readEnd(ends[0]);
    UniqueFd writeEnd(ends[1]);
    if (!plan.sockets.empty()) writeEnd.reset(::fcntl(ends[1], F_DUPFD_CLOEXEC, kAboveSockets));
    prepared->errorPipe = writeEnd.get();
    // A process of another user never sees the keeper's memory, not even for a moment.
    const ClonePlan how{.sharesMemory = !prepared->account, .cgroup = plan.cgroup};
    ClonedProcess child = cloneProcess(how, runChild, &*prepared);
    UniqueFd procs;
    if (child.pid < 0 && plan.cgroup >= 0) {  // no clone3, or none that takes a cgroup
        procs.reset(::openat(plan.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC));
        prepared->unifiedProcs = procs.get();
        child = cloneProcess({.sharesMemory = how.sharesMemory}, runChild, &*prepared);
    }
    if (child.pid < 0) return Error(Errc::Limit, std::string("fork: ") + std::strerror(errno));
    writeEnd.reset();
    StepFailure failure{};
    ssize_t got = 0;
    do got = ::read(readEnd.get(), &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof failure))  // closed by exec
        return SpawnedProcess{child.pid, std::move(child.process)};
    ::waitpid(child.pid, nullptr, 0);
    return describe(failure, *prepared);
}

}  // namespace muster::keeper
