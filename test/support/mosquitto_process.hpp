#pragma once

#include "test/support/eventually.hpp"
#include "test/support/free_port.hpp"
#include "test/support/send_signal.hpp"
#include "test/support/temp_dir.hpp"

#include <string>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

namespace muster::test {

/// A real Mosquitto on a free port of 127.0.0.1, killed with the object. `settings` are lines for
/// its configuration, beside the listener; without "allow_anonymous" it accepts anyone.
class MosquittoProcess {
public:
    explicit MosquittoProcess(std::string_view settings = {}) : port_(freePort()) {
        std::string text = "listener " + std::to_string(port_) + " 127.0.0.1\n";
        text += "set_tcp_nodelay true\n";
        if (settings.find("allow_anonymous") == std::string_view::npos)
            text += "allow_anonymous true\n";
        text += settings;
        text += '\n';
        config_ = directory_.write("mosquitto.conf", text);
        start();
    }
    ~MosquittoProcess() { kill(); }
    MosquittoProcess(const MosquittoProcess&) = delete;
    MosquittoProcess& operator=(const MosquittoProcess&) = delete;

    static const char* program() { return "/usr/sbin/mosquitto"; }
    int port() const { return port_; }
    std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
    /// For files that its configuration names.
    const TempDir& directory() const { return directory_; }

    /// After kill(): the same port, with what it has on disk.
    void start() {
        const std::string log = (directory_.path() / "mosquitto.log").string();
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
        ::posix_spawn_file_actions_adddup2(&files, 1, 2);
        std::string name = program(), flag = "-c";
        char* arguments[] = {name.data(), flag.data(), config_.data(), nullptr};
        const int failed = ::posix_spawn(&pid_, program(), &files, nullptr, arguments, environ);
        ::posix_spawn_file_actions_destroy(&files);
        if (failed != 0) throw std::runtime_error("cannot start /usr/sbin/mosquitto");
        if (!eventually(std::chrono::seconds(10), [this] { return accepts(port_); }))
            throw std::runtime_error("mosquitto does not accept connections; see its log " + log);
    }
    /// SIGKILL: as a crash.
    void kill() { end(SIGKILL); }
    /// Stops it from reading and answering, with its connections open, until resume().
    void freeze() { sendSignal(pid_, SIGSTOP); }
    void resume() { sendSignal(pid_, SIGCONT); }

private:
    void end(int signal) {
        if (pid_ <= 0) return;
        sendSignal(pid_, signal);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = 0;
    }

    TempDir directory_;
    int port_;
    std::string config_;
    pid_t pid_ = 0;
};

}  // namespace muster::test
