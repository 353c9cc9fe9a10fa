#include "keeper/child_setup.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr int kFirstSocket = 3;  // sd_listen_fds(3)

constexpr std::array kStepNames{"setsid",
                                "enter cgroup",
                                "open /dev/null",
                                "open the stdout pipe",
                                "open the stderr pipe",
                                "pass sockets",
                                "setpriority",
                                "setrlimit",
                                "sched_setaffinity",
                                "set groups",
                                "set group",
                                "set user",
                                "enter directory",
                                "exec"};

[[noreturn]] void fail(const Prepared& prepared, Step step, int index = 0) {
    const StepFailure failure{step, errno, index};
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

void enterCgroups(const Prepared& prepared) {
    if (prepared.unifiedProcs >= 0 && ::write(prepared.unifiedProcs, "0", 1) != 1)
        fail(prepared, Step::Cgroup);
    for (const int file : prepared.plan->cgroupFiles)
        if (::write(file, "0", 1) != 1) fail(prepared, Step::Cgroup);
}

/// Their numbers are above where they go: none is overwritten before it is passed.
void passSockets(const Prepared& prepared) {
    int target = kFirstSocket;
    for (const int socket : prepared.plan->sockets)
        if (::dup2(socket, target++) < 0) fail(prepared, Step::Sockets);
    if (prepared.listenPid == nullptr) return;
    std::array<char, 12> digits{};
    std::size_t count = 0;
    for (auto pid = static_cast<unsigned>(::getpid()); pid > 0; pid /= 10)
        digits.at(count++) = static_cast<char>('0' + pid % 10);
    for (std::size_t at = 0; at < count; ++at) prepared.listenPid[at] = digits.at(count - 1 - at);
    prepared.listenPid[count] = '\0';
}

void applySettings(const Prepared& prepared) {
    const ProcessSettings& settings = prepared.plan->settings;
    ::umask(static_cast<mode_t>(settings.umask));
    if (settings.nice && ::setpriority(PRIO_PROCESS, 0, *settings.nice) != 0)
        fail(prepared, Step::Nice);
    int index = 0;
    for (const ResourceLimit& limit : prepared.limits) {
        if (::syscall(SYS_prlimit64, 0, limit.resource, &limit.value, nullptr) != 0)
            fail(prepared, Step::Limit, index);
        ++index;
    }
    if (prepared.cpus &&
        ::syscall(SYS_sched_setaffinity, 0, sizeof *prepared.cpus, &*prepared.cpus) < 0)
        fail(prepared, Step::Cpus);
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

}  // namespace

void runChild(void* argument) {
    const Prepared& prepared = *static_cast<const Prepared*>(argument);
    const SpawnPlan& plan = *prepared.plan;
    resetSignals();
    if (::setsid() < 0) fail(prepared, Step::Session);
    enterCgroups(prepared);
    openAs(prepared, "/dev/null", STDIN_FILENO, Step::Input);
    openAs(prepared, plan.outputFifo.c_str(), STDOUT_FILENO, Step::Output);
    openAs(prepared, plan.errorFifo.c_str(), STDERR_FILENO, Step::ErrorOutput);
    passSockets(prepared);
    applySettings(prepared);
    becomeUser(prepared);
    const char* directory = plan.cwd.empty() ? "/" : plan.cwd.c_str();
    if (::chdir(directory) != 0) fail(prepared, Step::Directory);
    const auto passed = static_cast<unsigned>(plan.sockets.size());
    ::syscall(SYS_close_range, kFirstSocket + passed, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.env.data());
    fail(prepared, Step::Exec);
}

Error describe(const StepFailure& failure, const Prepared& prepared) {
    const SpawnPlan& plan = *prepared.plan;
    std::string what = kStepNames.at(static_cast<std::size_t>(failure.step));
    switch (failure.step) {
        case Step::Exec: what += " " + prepared.program; break;
        case Step::Directory: what += " " + plan.cwd; break;
        case Step::User:
        case Step::Groups: what += " " + plan.user; break;
        case Step::Nice: what += " " + std::to_string(plan.settings.nice.value_or(0)); break;
        case Step::Limit: {
            auto limit = plan.settings.rlimits.begin();
            for (int index = 0; index < failure.index; ++index) ++limit;
            what += " " + limit->first + " " +
                    (limit->second < 0 ? "unlimited" : std::to_string(limit->second));
            break;
        }
        case Step::Cpus: {
            std::string list;
            for (const int cpu : plan.settings.cpus)
                list += (list.empty() ? " " : ",") + std::to_string(cpu);
            what += list;
            break;
        }
        default: break;
    }
    return Error(Errc::Failed, what + ": " + std::strerror(failure.error));
}

}  // namespace muster::keeper
