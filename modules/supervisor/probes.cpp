#include "modules/supervisor/probes.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace muster::supervisor {

using std::chrono::milliseconds;

namespace {

class TcpProbe final : public Probe {
public:
    TcpProbe(EpollLoop& loop, const ServerSpec& spec, std::function<void()> onReady)
        : loop_(loop), onReady_(std::move(onReady)) {
        const int port = spec.readiness.port != 0 ? spec.readiness.port : spec.port;
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(port));
        // A server of this host; one that listens on no address of the name listens on loopback.
        if (::inet_pton(AF_INET, spec.host.c_str(), &address_.sin_addr) != 1)
            address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timer_ = loop_.after(milliseconds(0), [this] { attempt(); });
    }
    ~TcpProbe() override {
        loop_.cancel(timer_);
        if (socket_) loop_.unwatch(socket_.get());
    }

private:
    void attempt() {
        socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket_) return again();
        const auto* address = reinterpret_cast<const sockaddr*>(&address_);
        if (::connect(socket_.get(), address, sizeof address_) != 0 && errno != EINPROGRESS)
            return again();
        loop_.watch(socket_.get(), EPOLLOUT, [this](std::uint32_t) { finish(); });
    }
    void finish() {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        loop_.unwatch(socket_.get());
        socket_.reset();
        if (error != 0) return again();
        const auto onReady = onReady_;  // may destroy this
        onReady();
    }
    void again() {
        socket_.reset();
        timer_ = loop_.after(wait_, [this] { attempt(); });
        wait_ = std::min(wait_ * 3 / 2, milliseconds(1000));
    }

    EpollLoop& loop_;
    std::function<void()> onReady_;
    sockaddr_in address_{};
    UniqueFd socket_;
    milliseconds wait_{50};
    TimerId timer_ = 0;
};

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
