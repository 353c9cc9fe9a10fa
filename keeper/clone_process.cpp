#include "keeper/clone_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

using Entry = void (*)(void*);

constexpr std::size_t kStackBytes = 64 << 10;
constexpr std::size_t kGuardBytes = 4 << 10;

// A sanitizer does not know a second stack in the memory it watches.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
constexpr bool kMayShareMemory = false;
#else
constexpr bool kMayShareMemory = true;
#endif

/// Memory for the stack of a child, with a page below it that nobody may touch.
class ChildStack {
public:
    ChildStack()
        : memory_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
        if (isThere()) ::mprotect(memory_, kGuardBytes, PROT_NONE);
    }
    ~ChildStack() {
        if (isThere()) ::munmap(memory_, kStackBytes);
    }
    ChildStack(const ChildStack&) = delete;
    ChildStack& operator=(const ChildStack&) = delete;
    bool isThere() const { return memory_ != MAP_FAILED; }
    std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(memory_); }

private:
    void* memory_;
};

/// No handler of ours may run in a child that shares our memory: blocked from before it is made.
class BlockedSignals {
public:
    BlockedSignals() {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals() {
        const int kept = errno;
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
        errno = kept;
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    sigset_t before_{};
};

#if defined(__x86_64__)
/// The child cannot return to where the call was made: its stack is another one. So it calls
/// `entry` right there, which no function of the C library does for clone3.
long cloneOntoStack(clone_args& args, Entry entry, void* argument) {
    long result = SYS_clone3;
    register void* kept asm("r8") = argument;
    asm volatile(
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xorl %%ebp, %%ebp\n\t"
        "movq %%r8, %%rdi\n\t"
        "callq *%%rdx\n\t"
        "ud2\n"
        "1:"
        : "+a"(result)
        : "D"(&args), "S"(sizeof args), "d"(entry), "r"(kept)
        : "rcx", "r11", "memory", "cc");
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
}
#else
long cloneOntoStack(clone_args&, Entry, void*) {
    errno = ENOSYS;
    return -1;
}
#endif

long cloneSharing(clone_args args, Entry entry, void* argument) {
    const ChildStack stack;
    if (!stack.isThere()) return -1;
    args.flags |= CLONE_VM | CLONE_VFORK;
    args.stack = stack.address();
    args.stack_size = kStackBytes;
    return cloneOntoStack(args, entry, argument);
}

long cloneCopying(clone_args args, Entry entry, void* argument) {
    const long pid = ::syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) entry(argument);
    return pid;
}

ClonedProcess forkProcess(Entry entry, void* argument) {
    const pid_t pid = ::fork();
    if (pid == 0) entry(argument);
    if (pid < 0) return {};
    return {pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)))};
}

}  // namespace

ClonedProcess cloneProcess(const ClonePlan& plan, Entry entry, void* argument) {
    const BlockedSignals blocked;
    int process = -1;
    clone_args args{};
    args.flags = CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uintptr_t>(&process);
    args.exit_signal = SIGCHLD;
    if (plan.cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<__u64>(plan.cgroup);
    }
    const long pid = plan.sharesMemory && kMayShareMemory ? cloneSharing(args, entry, argument)
                                                          : cloneCopying(args, entry, argument);
    if (pid > 0) return {static_cast<pid_t>(pid), UniqueFd(process)};
    const bool isRefused = errno == ENOSYS || errno == EPERM || errno == EINVAL;
    if (!isRefused || plan.cgroup >= 0) return {};
    return forkProcess(entry, argument);
}

}  // namespace muster::keeper
