#pragma once

#include "test/support/child.hpp"
#include "test/support/eventually.hpp"
#include "test/support/free_port.hpp"
#include "test/support/send_signal.hpp"
#include "test/support/temp_dir.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include <gtest/gtest.h>

namespace muster::test {

/// What a run of the command line gave.
struct CommandResult {
    int status = -1;
    std::string output;  // stdout and stderr
};

/// A cluster of the real binary (MUSTER_PROGRAM) in a directory of its own, with servers of
/// MEMBER_PROGRAM: two of type chat, one of type gate. Everything it started ends with it.
class ClusterProcess {
public:
    ClusterProcess() : port_(freePort()) { configure(nlohmann::json::object()); }
    ~ClusterProcess() {
        interrupt();
        killMaster();
        killHost();
    }
    ClusterProcess(const ClusterProcess&) = delete;
    ClusterProcess& operator=(const ClusterProcess&) = delete;

    /// Writes the configuration; `more` is added to muster.json. Before start().
    void configure(const nlohmann::json& more) {
        nlohmann::json command{{"command", {MEMBER_PROGRAM}},
                               {"readiness", {{"kind", "monitor"}, {"timeout", "30s"}}}};
        nlohmann::json muster{{"configVersion", 1},
                              {"cluster", "game"},
                              {"listeners", {{{"host", "127.0.0.1"}, {"port", port_}}}},
                              {"types", {{"chat", command}, {"gate", command}}}};
        muster.update(more);
        directory_.write("config/muster.json", muster.dump());
        directory_.write("config/servers.json",
                         R"({"development":{"chat":[{"id":"chat-1","host":"127.0.0.1","port":7001},
                         {"id":"chat-2","host":"127.0.0.1","port":7002}],
                         "gate":[{"id":"gate-1","host":"127.0.0.1","port":7003}]}})");
        directory_.write("config/adminUser.json", R"([
            {"id":"1","username":"ann","password":"ann-password","level":1},
            {"id":"2","username":"bob","password":"bob-password","level":2}])");
    }
    /// `muster start`, in the background; false if its servers are not ready within a minute.
    bool start() {
        startMaster();
        return eventually(std::chrono::seconds(60), [this] { return isReady(); });
    }
    void startMaster() {
        const auto log = directory_.path() / "master.log";
        master_ = spawn({MUSTER_PROGRAM, "start", "-c", directory_.str()}, log.string());
    }
    /// SIGKILL to the master alone.
    void killMaster() {
        if (master_ <= 0) return;
        sendSignal(master_, SIGKILL);
        reap();
    }
    void signalMaster(int signal) const {
        if (master_ > 0) sendSignal(master_, signal);
    }
    /// The master's exit status; none if it does not end in time, -1 if a signal ended it.
    std::optional<int> endOfMaster(std::chrono::milliseconds within) {
        int status = 0;
        const bool hasEnded =
            eventually(within, [&] { return ::waitpid(master_, &status, WNOHANG) == master_; });
        if (!hasEnded) return std::nullopt;
        master_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    bool isMasterRunning() { return master_ > 0 && ::waitpid(master_, nullptr, WNOHANG) == 0; }

    /// The command line with the cluster's configuration, as its administrator.
    CommandResult run(std::vector<std::string> words) const {
        words.insert(words.begin(), MUSTER_PROGRAM);
        words.insert(words.end(), {"-c", directory_.str()});
        return runProgram(std::move(words));
    }
    static CommandResult runProgram(std::vector<std::string> words,
                                    std::chrono::milliseconds within = std::chrono::seconds(60)) {
        Child child(std::move(words));
        CommandResult result;
        result.output = child.output(within);
        child.signal(SIGKILL);  // no effect on one that has ended
        result.status = child.wait();
        return result;
    }
    /// The rows of `muster ls` by id; empty if it fails.
    std::map<std::string, nlohmann::json> rows() const {
        std::map<std::string, nlohmann::json> rows;
        const auto listed = run({"ls", "-o", "json", "--timeout", "10s"});
        const auto parsed = parseJson(listed.output);
        if (!parsed) return rows;
        const auto& list =
            parsed->is_array() ? *parsed : parsed->value("servers", nlohmann::json());
        for (const auto& row : list)
            if (row.is_object()) rows[row.value("id", "")] = row;
        return rows;
    }
    bool isReady() const {
        const auto all = rows();
        if (all.size() != 3) return false;
        for (const auto& [id, row] : all)
            if (row.value("state", "") != "ready") return false;
        return true;
    }
    std::map<std::string, long> pids() const {
        std::map<std::string, long> pids;
        for (const auto& [id, row] : rows()) pids[id] = row.value("pid", 0L);
        return pids;
    }
    /// The node of this host; 0 if there is none.
    pid_t nodePid() const {
        std::ifstream text(state() / "keeper" / "muster-node.json");
        const auto child = parseJson(std::string{std::istreambuf_iterator<char>(text), {}});
        return child && child->is_object() ? child->value("pid", 0) : 0;
    }
    std::string token(const std::string& name) const {
        std::string token;
        std::ifstream(state() / (name + ".token")) >> token;
        return token;
    }
    /// What the master wrote to its log so far.
    std::string log() const {
        std::ifstream file(directory_.path() / "master.log");
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::filesystem::path state() const { return directory_.path() / ".muster"; }
    const TempDir& directory() const { return directory_; }
    int port() const { return port_; }

private:
    static pid_t spawn(std::vector<std::string> arguments, const std::string& log) {
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
        ::posix_spawn_file_actions_adddup2(&files, 1, 2);
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        pid_t pid = 0;
        const int failed = ::posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&files);
        if (failed != 0) throw std::runtime_error("cannot run " + arguments[0]);
        return pid;
    }
    void reap() {
        ::waitpid(master_, nullptr, 0);
        master_ = 0;
    }
    /// The good end: servers stopped, keeper gone.
    void interrupt() {
        if (master_ <= 0) return;
        sendSignal(master_, SIGINT);
        if (eventually(std::chrono::seconds(15), [this] { return !isMasterRunning(); }))
            master_ = 0;
    }
    /// The bad end: whatever the keeper's files name. Waits, for they write to the directory.
    void killHost() const {
        pid_t keeper = 0;
        std::ifstream(state() / "keeper.lock") >> keeper;
        std::vector<pid_t> killed{keeper};
        if (keeper > 1 && isOurs(keeper)) sendSignal(keeper, SIGKILL);
        std::error_code none;
        for (const auto& file : std::filesystem::directory_iterator(state() / "keeper", none)) {
            std::ifstream text(file.path());
            const auto child = parseJson(std::string{std::istreambuf_iterator<char>(text), {}});
            if (!child || !child->is_object() || child->contains("exit")) continue;
            const pid_t pid = child->value("pid", 0);
            killed.push_back(pid);
            if (pid > 1 && isOurs(pid)) sendSignal(pid, SIGKILL);
        }
        eventually(std::chrono::seconds(10), [&] {
            return std::none_of(killed.begin(), killed.end(),
                                [](pid_t pid) { return pid > 1 && isOurs(pid); });
        });
    }
    /// Whether that process was started by these tests: a pid may be another's by now.
    static bool isOurs(pid_t pid) {
        std::error_code none;
        const auto program =
            std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", none).string();
        return program == std::filesystem::canonical(MUSTER_PROGRAM, none).string() ||
               program == std::filesystem::canonical(MEMBER_PROGRAM, none).string();
    }

    TempDir directory_;
    int port_;
    pid_t master_ = 0;
};

}  // namespace muster::test
