#include "keeper/spawn.hpp"

#include "common/process/process_identity.hpp"
#include "test/support/eventually.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

SpawnPlan planOf(std::vector<std::string> arguments) {
    SpawnPlan plan;
    plan.argv = {CHILD_PROGRAM};
    plan.argv.insert(plan.argv.end(), arguments.begin(), arguments.end());
    plan.outputFifo = plan.errorFifo = "/dev/null";
    return plan;
}

std::string statusLine(pid_t pid, const std::string& key) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
    return {};
}

/// Kills through the pidfd and collects.
void end(const SpawnedProcess& process) {
    ::syscall(SYS_pidfd_send_signal, process.process.get(), SIGKILL, nullptr, 0);
    ::waitpid(process.pid, nullptr, 0);
}

/// Makes clone3 fail with `error` for this thread, as a sandbox does.
void refuseClone3(unsigned error) {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{4, rules};
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/// In a thread of its own, which takes its filter and its signal mask with it.
void inThread(const std::function<void()>& body) {
    std::thread(body).join();
}

}  // namespace

TEST(Spawn, TellsTheEndOfAProcessByItsPidfd) {
    const auto process = spawnProcess(planOf({"exit", "3"}));
    ASSERT_TRUE(process) << process.error().detail();
    pollfd ended{process->process.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PIDFD, static_cast<id_t>(process->process.get()), &info, WEXITED), 0);
    EXPECT_EQ(info.si_status, 3);
}

TEST(Spawn, GivesTheChildNoSignalMaskAndNothingIgnored) {
    inThread([] {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        const auto before = std::signal(SIGPIPE, SIG_IGN);
        const auto process = spawnProcess(planOf({"sleep"}));
        std::signal(SIGPIPE, before);
        ASSERT_TRUE(process) << process.error().detail();
        EXPECT_EQ(statusLine(process->pid, "SigBlk"), "0000000000000000");
        EXPECT_EQ(statusLine(process->pid, "SigIgn"), "0000000000000000");
        end(*process);
    });
}

TEST(Spawn, LeavesTheCallersSignalMaskAsItWas) {
    inThread([] {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, SIGUSR1);
        ::pthread_sigmask(SIG_SETMASK, &one, nullptr);
        const auto process = spawnProcess(planOf({"exit", "0"}));
        ASSERT_TRUE(process);
        sigset_t after;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
        EXPECT_EQ(sigismember(&after, SIGUSR1), 1);
        EXPECT_EQ(sigismember(&after, SIGTERM), 0);
        end(*process);
    });
}

TEST(Spawn, SaysWhyAProgramCannotRunAndLeavesNothingBehind) {
    SpawnPlan plan = planOf({});
    plan.argv = {"/no/such/program"};
    const auto process = spawnProcess(plan);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().detail(), "exec /no/such/program: No such file or directory");
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Spawn, GivesAProcessItsPriorityLimitsMaskAndProcessors) {
    SpawnPlan plan = planOf({"sleep"});
    plan.settings.nice = 7;
    plan.settings.umask = 027;
    plan.settings.cpus = {0};
    plan.settings.rlimits = {{"core", 0}, {"nofile", 333}};
    const auto process = spawnProcess(plan);
    ASSERT_TRUE(process) << process.error().detail();
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(process->pid)), 7);
    EXPECT_EQ(statusLine(process->pid, "Umask"), "0027");
    EXPECT_EQ(statusLine(process->pid, "Cpus_allowed_list"), "0");
    rlimit limit{};
    ::prlimit(process->pid, RLIMIT_NOFILE, nullptr, &limit);
    EXPECT_EQ(limit.rlim_cur, 333U);
    ::prlimit(process->pid, RLIMIT_CORE, nullptr, &limit);
    EXPECT_EQ(limit.rlim_max, 0U);
    end(*process);
}

TEST(Spawn, SaysWhichLimitWasRefused) {
    SpawnPlan plan = planOf({"sleep"});
    plan.settings.rlimits = {{"core", 0}, {"nofile", 2'000'000'000}};
    const auto process = spawnProcess(plan);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().detail(), "setrlimit nofile 2000000000: Operation not permitted");
}

TEST(Spawn, SaysWhichProcessorsAreNotThere) {
    SpawnPlan plan = planOf({"sleep"});
    plan.settings.cpus = {1000, 1001};
    const auto process = spawnProcess(plan);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().detail(), "sched_setaffinity 1000,1001: Invalid argument");
}

TEST(Spawn, RunsAProcessAsAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may";
    SpawnPlan plan = planOf({});
    plan.argv = {"/bin/sleep", "100"};
    plan.user = "nobody";
    const auto process = spawnProcess(plan);
    ASSERT_TRUE(process) << process.error().detail();
    EXPECT_TRUE(statusLine(process->pid, "Uid").starts_with("65534\t65534"));
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
    end(*process);
}

class SpawnInASandbox : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Errors, SpawnInASandbox, testing::Values(ENOSYS, EPERM));

TEST_P(SpawnInASandbox, ForksWhereClone3IsRefused) {
    inThread([] {
        refuseClone3(GetParam());
        const auto process = spawnProcess(planOf({"sleep"}));
        ASSERT_TRUE(process) << process.error().detail();
        EXPECT_EQ(readProcStat(process->pid)->session, process->pid);
        EXPECT_TRUE(process->process);
        end(*process);
    });
}

TEST_P(SpawnInASandbox, SaysWhichStepFailedAllTheSame) {
    inThread([] {
        refuseClone3(GetParam());
        SpawnPlan plan = planOf({"sleep"});
        plan.cwd = "/no/such/directory";
        const auto process = spawnProcess(plan);
        ASSERT_FALSE(process);
        EXPECT_EQ(process.error().detail(),
                  "enter directory /no/such/directory: No such file or directory");
    });
}

}  // namespace muster::keeper
