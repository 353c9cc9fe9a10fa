#include "keeper/spawn.hpp"

#include "keeper/clone_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

enum class Step : int { Session, Input, Output, ErrorOutput, Groups, Group, User, Directory, Exec };

constexpr std::array kStepNames{"setsid",
                                "open /dev/null",
                                "open the stdout pipe",
                                "open the stderr pipe",
                                "set groups",
                                "set group",
                                "set user",
                                "enter directory",
                                "exec"};

struct StepFailure {
    Step step;
    int error;
};

struct Account {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;
};

/// The plan as arrays of C strings: between clone and exec nothing may be allocated.
struct Prepared {
    std::string program;
    std::vector<char*> argv, env;
    std::optional<Account> account;
    const SpawnPlan* plan = nullptr;
    int errorPipe = -1;
};

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

[[noreturn]] void fail(const Prepared& prepared, Step step) {
    const StepFailure failure{step, errno};
    [[maybe_unused]] const auto written = ::write(prepared.errorPipe, &failure, sizeof failure);
    ::_exit(127);
}

void resetSignals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal <= 64; ++signal) ::sigaction(signal, &action, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void openAs(const Prepared& prepared, const char* path, int target, Step step) {
    const int fd = ::open(path, O_RDWR | O_NOCTTY);
    if (fd < 0 || (fd != target && ::dup2(fd, target) < 0)) fail(prepared, step);
    if (fd != target) ::close(fd);
}

// Raw system calls: glibc's wrappers would talk to the threads of the parent's image.
void becomeUser(const Prepared& prepared) {
    if (!prepared.account) return;
    const Account& account = *prepared.account;
    if (::syscall(SYS_setgroups, account.groups.size(), account.groups.data()) != 0)
        fail(prepared, Step::Groups);
    if (::syscall(SYS_setgid, account.group) != 0) fail(prepared, Step::Group);
    if (::syscall(SYS_setuid, account.user) != 0) fail(prepared, Step::User);
}

void runChild(void* argument) {
    const Prepared& prepared = *static_cast<const Prepared*>(argument);
    resetSignals();
    if (::setsid() < 0) fail(prepared, Step::Session);
    ::umask(static_cast<mode_t>(prepared.plan->umask));
    openAs(prepared, "/dev/null", STDIN_FILENO, Step::Input);
    openAs(prepared, prepared.plan->outputFifo.c_str(), STDOUT_FILENO, Step::Output);
    openAs(prepared, prepared.plan->errorFifo.c_str(), STDERR_FILENO, Step::ErrorOutput);
    becomeUser(prepared);
    const char* directory = prepared.plan->cwd.empty() ? "/" : prepared.plan->cwd.c_str();
    if (::chdir(directory) != 0) fail(prepared, Step::Directory);
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.env.data());
    fail(prepared, Step::Exec);
}

Error describe(const StepFailure& failure, const SpawnPlan& plan, const std::string& program) {
    std::string what = kStepNames.at(static_cast<std::size_t>(failure.step));
    if (failure.step == Step::Exec) what += " " + program;
    if (failure.step == Step::Directory) what += " " + plan.cwd;
    if (failure.step == Step::User || failure.step == Step::Groups) what += " " + plan.user;
    return Error(Errc::Failed, what + ": " + std::strerror(failure.error));
}

}  // namespace

Result<SpawnedProcess> spawnProcess(const SpawnPlan& plan) {
    Prepared prepared{searchPath(plan), pointers(plan.argv), pointers(plan.env), {}, &plan, -1};
    if (!plan.user.empty()) {
        auto account = findAccount(plan.user);
        if (!account) return account.error();
        prepared.account = std::move(*account);
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return Error(Errc::Limit, std::string("pipe: ") + std::strerror(errno));
    const UniqueFd readEnd(ends[0]);
    UniqueFd writeEnd(ends[1]);
    prepared.errorPipe = writeEnd.get();
    // A process of another user never sees the keeper's memory, not even for a moment.
    const ClonePlan how{.sharesMemory = !prepared.account};
    ClonedProcess child = cloneProcess(how, runChild, &prepared);
    if (child.pid < 0) return Error(Errc::Limit, std::string("fork: ") + std::strerror(errno));
    writeEnd.reset();
    StepFailure failure{};
    ssize_t got = 0;
    do got = ::read(readEnd.get(), &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof failure))  // closed by exec
        return SpawnedProcess{child.pid, std::move(child.process)};
    ::waitpid(child.pid, nullptr, 0);
    return describe(failure, plan, prepared.program);
}

}  // namespace muster::keeper
