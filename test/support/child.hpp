#pragma once

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::test {

/// A program that a test runs: its output is read, and it is killed at the latest by the
/// destructor.
class Child {
public:
    explicit Child(std::vector<std::string> arguments) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const int error = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        out_ = ends[0];
        if (error != 0) throw std::runtime_error("cannot run " + arguments[0]);
    }
    ~Child() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        wait();
        ::close(out_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// All output until it holds `text` (then that much), it ends, or the time is over.
    const std::string& outputUntil(const std::string& text, std::chrono::milliseconds within) {
        const auto end = std::chrono::steady_clock::now() + within;
        while (text.empty() || output_.find(text) == std::string::npos) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
            pollfd entry{out_, POLLIN, 0};
            if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) break;
            char buffer[4096];
            const ssize_t count = ::read(out_, buffer, sizeof buffer);
            if (count <= 0) break;
            output_.append(buffer, static_cast<std::size_t>(count));
        }
        return output_;
    }
    /// Its whole output, until it ends by itself or the time is over.
    const std::string& output(std::chrono::milliseconds within) { return outputUntil("", within); }
    void signal(int number) const { ::kill(pid_, number); }
    /// Exit status, or -1 if it was killed. Waits.
    int wait() {
        if (pid_ <= 0) return status_;
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return status_;
    }

private:
    pid_t pid_ = -1;
    int out_ = -1;
    int status_ = -1;
    std::string output_;
};

}  // namespace muster::test
