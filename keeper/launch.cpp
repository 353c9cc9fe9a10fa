#include "keeper/launch.hpp"

#include "common/process/keeper_protocol.hpp"
#include "common/process/record_directory.hpp"
#include "common/process/unix_address.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

using Clock = std::chrono::steady_clock;

UniqueFd connectTo(const std::string& stateDirectory) {
    const UnixAddress address(stateDirectory, kSocketFile);
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket || ::connect(socket.get(), address.get(), address.size()) != 0) return UniqueFd();
    return socket;
}

std::string logPathOf(const std::string& stateDirectory) {
    return stateDirectory + "/logs/muster-keeper.log";
}

/// One question, one answer, bounded by `wait`.
Result<Answer> ask(const UniqueFd& socket, const Request& request, std::chrono::milliseconds wait) {
    const std::string text = frame(encode(request));
    if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0)
        return Error(Errc::Closed, "the keeper's socket is closed");
    FrameReader reader(kMaxAnswer);
    const auto end = Clock::now() + wait;
    for (;;) {
        auto next = reader.next();
        if (!next) return next.error();
        if (*next) {
            auto decoded = decodeFromKeeper(**next);
            if (!decoded) return decoded.error();
            if (auto* answer = std::get_if<Answer>(&*decoded)) return std::move(*answer);
            continue;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd readable{socket.get(), POLLIN, 0};
        if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0)
            return Error(Errc::Timeout, "the keeper does not answer");
        char chunk[4096];
        const ssize_t got = ::read(socket.get(), chunk, sizeof chunk);
        if (got == 0 || (got < 0 && errno != EINTR))
            return Error(Errc::Closed, "the keeper closed its socket");
        if (got > 0) reader.feed({chunk, static_cast<std::size_t>(got)});
    }
}

std::vector<std::string> daemonEnvironment() {
    std::vector<std::string> variables;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string variable = *entry;
        const bool isOurs =
            variable.starts_with("MUSTER_") && !variable.starts_with("MUSTER_CGROUP=");
        if (!isOurs && !variable.starts_with("NOTIFY_SOCKET=")) variables.push_back(variable);
    }
    return variables;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

/// In the first fork: only what is safe there.
[[noreturn]] void becomeDaemon(const std::vector<char*>& argv, const std::vector<char*>& env,
                               int logFile) {
    ::setsid();
    const pid_t second = ::fork();
    if (second != 0) ::_exit(second < 0 ? 1 : 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(logFile, STDOUT_FILENO);
    ::dup2(logFile, STDERR_FILENO);
    ::umask(077);
    [[maybe_unused]] const int moved = ::chdir("/");
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(argv.front(), argv.data(), env.data());
    ::_exit(127);
}

Result<void> startDaemon(const LaunchOptions& options) {
    const std::string logs = options.stateDirectory + "/logs";
    if (auto made = makePrivateDirectory(logs); !made) return made;
    const std::string logPath = logPathOf(options.stateDirectory);
    const UniqueFd logFile(
        ::open(logPath.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!logFile)
        return Error(Errc::Failed, "cannot open " + logPath + ": " + std::strerror(errno));
    const auto environment = daemonEnvironment();
    const auto argv = pointers(options.keeperArgv);
    const auto env = pointers(environment);
    const pid_t first = ::fork();
    if (first < 0) return Error(Errc::Limit, std::string("fork: ") + std::strerror(errno));
    if (first == 0) becomeDaemon(argv, env, logFile.get());
    int status = 0;
    while (::waitpid(first, &status, 0) < 0 && errno == EINTR) {
    }
    return {};
}

}  // namespace

bool isKeeperAlive(const std::string& stateDirectory) {
    const UniqueFd socket = connectTo(stateDirectory);
    return socket && ask(socket, Request{}, std::chrono::seconds(1));
}

Result<void> launchKeeper(const LaunchOptions& options) {
    if (isKeeperAlive(options.stateDirectory)) return {};
    if (auto started = startDaemon(options); !started) return started;
    const auto end = Clock::now() + options.wait;
    while (!isKeeperAlive(options.stateDirectory)) {
        if (Clock::now() >= end)
            return Error(Errc::Timeout,
                         "the keeper does not answer: see " + logPathOf(options.stateDirectory));
        ::poll(nullptr, 0, 10);
    }
    return {};
}

std::vector<std::string> keeperCommand(const std::string& stateDirectory,
                                       const std::vector<std::string>& nodeArgv) {
    std::error_code ignored;
    std::vector<std::string> argv{std::filesystem::read_symlink("/proc/self/exe", ignored).string(),
                                  "keep",
                                  "--state",
                                  stateDirectory,
                                  "--log",
                                  logPathOf(stateDirectory),
                                  "--"};
    argv.insert(argv.end(), nodeArgv.begin(), nodeArgv.end());
    return argv;
}

Result<void> launchKeeper(const std::string& stateDirectory,
                          const std::vector<std::string>& nodeArgv) {
    return launchKeeper(LaunchOptions{stateDirectory, keeperCommand(stateDirectory, nodeArgv)});
}

Result<void> upgradeKeeper(const std::string& stateDirectory, const std::string& program,
                           std::chrono::milliseconds wait) {
    const auto end = Clock::now() + wait;
    UniqueFd socket = connectTo(stateDirectory);
    if (!socket) return Error(Errc::Closed, "no keeper answers in " + stateDirectory);
    Request request;
    request.op = Request::Op::Upgrade;
    request.program = program;
    auto answer = ask(socket, request, wait);
    if (!answer) return answer.error();
    if (answer->error) return *answer->error;
    pollfd ended{socket.get(), POLLIN, 0};  // the old program's end of it
    if (::poll(&ended, 1, static_cast<int>(wait.count())) != 1)
        return Error(Errc::Failed,
                     "the keeper goes on as it was: see " + logPathOf(stateDirectory));
    while (!isKeeperAlive(stateDirectory)) {
        if (Clock::now() >= end)
            return Error(Errc::Timeout,
                         "the keeper does not answer: see " + logPathOf(stateDirectory));
        ::poll(nullptr, 0, 10);
    }
    return {};
}

Result<void> shutDownKeeper(const std::string& stateDirectory, std::chrono::milliseconds wait) {
    const UniqueFd socket = connectTo(stateDirectory);
    if (!socket) return {};
    Request request;
    request.op = Request::Op::Shutdown;
    auto answer = ask(socket, request, wait);
    if (!answer) return answer.error();
    if (answer->error) return *answer->error;
    // It ends when its node has: the end of its socket is the news.
    pollfd ended{socket.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(wait.count())) == 1) return {};
    return Error(Errc::Timeout, "the keeper does not end");
}

}  // namespace muster::keeper
