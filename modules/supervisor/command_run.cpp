#include "modules/supervisor/command_run.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace muster::supervisor {

namespace {

/// Starts `argv` in a session of its own with no input and no output; 0, and errno, if it cannot
/// be.
pid_t spawnQuietly(const std::vector<std::string>& argv) {
    std::vector<char*> arguments;
    for (const std::string& text : argv) arguments.push_back(const_cast<char*>(text.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    for (const int fd : {0, 1, 2})
        ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&files, 3);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    pid_t pid = 0;
    const int error =
        ::posix_spawnp(&pid, arguments.front(), &files, &attributes, arguments.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    errno = error;
    return error == 0 ? pid : 0;
}

}  // namespace

CommandRun::CommandRun(EpollLoop& loop, const std::vector<std::string>& argv,
                       std::chrono::milliseconds timeout, Done done)
    : loop_(loop), program_(argv.front()), done_(std::move(done)), pid_(spawnQuietly(argv)) {
    if (pid_ == 0) {
        timer_ = loop_.after(std::chrono::milliseconds(0),
                             [this, reason = std::string(std::strerror(errno))] {
                                 const auto told = done_;  // may destroy this
                                 told("cannot be started: " + program_ + ": " + reason);
                             });
        return;
    }
    process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (process_) loop_.watch(process_.get(), EPOLLIN, [this](std::uint32_t) { finish(); });
    timer_ = loop_.after(timeout, [this] { finish(); });
}

CommandRun::~CommandRun() {
    loop_.cancel(timer_);
    (void)end();
}

void CommandRun::finish() {
    loop_.cancel(std::exchange(timer_, 0));
    const std::string reason = end();
    const auto told = done_;  // may destroy this
    told(reason);
}

std::string CommandRun::end() {
    if (pid_ == 0) return {};
    if (process_) loop_.unwatch(process_.get());
    process_.reset();
    int status = 0;
    const pid_t pid = std::exchange(pid_, 0);
    if (::waitpid(pid, &status, WNOHANG) == 0) {  // our child: its group is its own
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, &status, 0);
        return program_ + " took too long";
    }
    if (WIFSIGNALED(status))
        return program_ + ": killed by signal " + std::to_string(WTERMSIG(status));
    const int code = WEXITSTATUS(status);
    return code == 0 ? std::string() : program_ + ": exit status " + std::to_string(code);
}

}  // namespace muster::supervisor
