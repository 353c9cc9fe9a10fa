#pragma once

#include "test/support/eventually.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
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

    /// All output until it holds `text` (then that much), it ends, or the time is over. Time in
    /// which the whole machine stood still does not count: the program could do nothing in it.
    const std::string& outputUntil(const std::string& text, std::chrono::milliseconds within) {
        Patience patience(within);
        while (text.empty() || output_.find(text) == std::string::npos) {
            pollfd entry{out_, POLLIN, 0};
            const int ready = ::poll(&entry, 1, static_cast<int>(patience.slice().count()));
            if (ready > 0 && !readSome()) break;
            if (patience.isOver()) break;
        }
        return output_;
    }
    /// Its whole output, until it ends by itself or the time is over.
    const std::string& output(std::chrono::milliseconds within) { return outputUntil("", within); }
    /// How it ended, or what its threads wait for at the moment; to be told when a test fails.
    std::string condition() {
        siginfo_t info{};
        // Its output ends a moment before it does.
        for (int tries = 0; pid_ > 0 && info.si_pid == 0 && tries < 100; ++tries) {
            if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
                break;
            if (info.si_pid == 0) ::poll(nullptr, 0, 10);
        }
        if (pid_ <= 0) return "waited for already, status " + std::to_string(status_);
        if (info.si_pid == 0) return "runs: " + threads();
        return (info.si_code == CLD_EXITED ? "exit status " : "killed by signal ") +
               std::to_string(info.si_status);
    }
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
    /// False at the end of the output.
    bool readSome() {
        char buffer[4096];
        const ssize_t count = ::read(out_, buffer, sizeof buffer);
        if (count > 0) output_.append(buffer, static_cast<std::size_t>(count));
        return count > 0 || (count < 0 && errno == EINTR);
    }
    /// For each its /proc/PID/task/TID/stat and where in the kernel it is.
    std::string threads() const {
        std::string out;
        std::error_code none;
        const std::string folder = "/proc/" + std::to_string(pid_) + "/task";
        for (const auto& thread : std::filesystem::directory_iterator(folder, none)) {
            for (const char* file : {"/stat", "/wchan", "/syscall"}) {
                std::ifstream text(thread.path().string() + file);
                std::string line;
                std::getline(text, line);
                out += line + "; ";
            }
        }
        return out;
    }

    pid_t pid_ = -1;
    int out_ = -1;
    int status_ = -1;
    std::string output_;
};

}  // namespace muster::test
