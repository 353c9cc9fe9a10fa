#include "modules/supervisor/probes.hpp"

#include "modules/supervisor/tcp_probe.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace muster::supervisor {

using std::chrono::milliseconds;

namespace {

/// Starts `argv` in a session of its own with no input and no output; 0 if it cannot be.
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
    return error == 0 ? pid : 0;
}

class CommandProbe final : public Probe {
public:
    CommandProbe(EpollLoop& loop, const ServerSpec& spec, std::function<void()> onReady)
        : loop_(loop), argv_(spec.readiness.argv), onReady_(std::move(onReady)) {
        timer_ = loop_.after(milliseconds(50), [this] { attempt(); });
    }
    ~CommandProbe() override {
        loop_.cancel(timer_);
        (void)end();
    }

private:
    void attempt() {
        pid_ = spawnQuietly(argv_);
        if (pid_ == 0) return again();
        process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (process_) loop_.watch(process_.get(), EPOLLIN, [this](std::uint32_t) { finish(); });
        timer_ = loop_.after(milliseconds(5000), [this] { finish(); });
    }
    void finish() {
        loop_.cancel(timer_);
        if (end() != 0) return again();
        const auto onReady = onReady_;  // may destroy this
        onReady();
    }
    /// Its exit status; -1 if it was killed, by us or others.
    int end() {
        if (pid_ == 0) return -1;
        if (process_) loop_.unwatch(process_.get());
        process_.reset();
        int status = 0;
        const pid_t pid = std::exchange(pid_, 0);
        if (::waitpid(pid, &status, WNOHANG) == 0) {  // our child: its group is its own
            ::kill(-pid, SIGKILL);
            ::waitpid(pid, &status, 0);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    void again() {
        timer_ = loop_.after(milliseconds(500), [this] { attempt(); });
    }

    EpollLoop& loop_;
    std::vector<std::string> argv_;
    std::function<void()> onReady_;
    pid_t pid_ = 0;
    UniqueFd process_;
    TimerId timer_ = 0;
};

}  // namespace

ProbeMaker makeProbes(EpollLoop& loop) {
    return
        [&loop](const ServerSpec& spec, std::function<void()> onReady) -> std::unique_ptr<Probe> {
            using Kind = config::Readiness::Kind;
            switch (spec.readiness.kind) {
                case Kind::Tcp: return std::make_unique<TcpProbe>(loop, spec, std::move(onReady));
                case Kind::Command:
                    return std::make_unique<CommandProbe>(loop, spec, std::move(onReady));
                default: return nullptr;
            }
        };
}

}  // namespace muster::supervisor
