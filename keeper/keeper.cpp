#include "keeper/keeper.hpp"

#include "common/log.hpp"
#include "keeper/child_table.hpp"
#include "keeper/keeper_server.hpp"
#include "keeper/node_keeper.hpp"
#include "keeper/reexecution.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

/// The lock that makes a keeper the only one of its state directory; the kernel drops it with us.
Result<UniqueFd> lockDirectory(const std::string& directory, const Heritage& heritage) {
    const std::string path = directory + "/keeper.lock";
    if (heritage.exists()) return UniqueFd(heritage.lock);
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return Error(Errc::Failed, "cannot open " + path + ": " + std::strerror(errno));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return Error(Errc::Conflict, "another keeper holds " + path);
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) != 0 ||
        ::write(file.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size()))
        log::warn("keeper", "cannot write {}: {}", path, std::strerror(errno));
    return file;
}

Result<UniqueFd> takeSignals() {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return Error(Errc::Failed, std::string("signalfd: ") + std::strerror(errno));
    return fd;
}

/// Wires the parts; one object, one run.
class Keeper {
public:
    Keeper(const KeeperOptions& options, UniqueFd signals, int lock)
        : options_(options),
          lock_(lock),
          signals_(std::move(signals)),
          children_(loop_, {options.stateDirectory, options.logs, options.cgroupParent},
                    [this](const Event& event) { onEvent(event); }),
          node_(loop_, children_, options.nodeArgv),
          server_(loop_, [this](const Request& request) { return handle(request); }) {}

    Result<void> run(const Heritage& heritage) {
        if (auto opened = children_.open(); !opened) return opened;
        for (const int pipe : heritage.pipes) ::close(pipe);  // the table has its own by now
        loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { onSignal(); });
        if (auto listening = server_.listen(options_.stateDirectory); !listening) return listening;
        node_.start();
        if (heritage.exists()) node_.restart();
        log::info("keeper", "keeps {} as process {}", options_.stateDirectory, ::getpid());
        loop_.run();
        return {};
    }

private:
    void onSignal() {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            if (info.ssi_signo == SIGCHLD)
                children_.reap();
            else if (info.ssi_signo != SIGHUP)
                endByHand();
        }
    }

    /// Whoever ends the keeper wants the host left alone: a node that outlived it would start the
    /// next one. Servers go on. A second signal does not wait for the node.
    void endByHand() {
        if (isShuttingDown_) return loop_.stop();
        log::info("keeper", "told to end: so does the node; servers go on");
        end();
    }

    void end() {
        isShuttingDown_ = true;
        server_.publish({Event::Kind::Ending, {}});
        node_.stop();
        if (node_.isGone()) loop_.stop();
    }

    void onEvent(const Event& event) {
        if (event.child.id == kNodeId) {
            // Later: the table is in the middle of telling about it.
            return loop_.post([this, child = event.child] {
                node_.onExit(child);
                if (isShuttingDown_) loop_.stop();
            });
        }
        server_.publish(event);
    }

    Answer handle(const Request& request) {
        Answer answer;
        const auto take = [&answer](const auto& result) {
            if (!result) answer.error = result.error();
        };
        switch (request.op) {
            case Request::Op::Spawn:
                if (auto child = spawn(request.spawn))
                    answer.children.push_back(std::move(*child));
                else
                    answer.error = child.error();
                break;
            case Request::Op::Signal:
                take(children_.signal(request.id, request.nonce, request.signal));
                break;
            case Request::Op::Sweep: {
                auto swept = children_.sweep(request.id, request.nonce);
                take(swept);
                if (swept) answer.count = *swept;
                break;
            }
            case Request::Op::Forget: take(children_.forget(request.id, request.nonce)); break;
            case Request::Op::Release: take(children_.release(request.id)); break;
            case Request::Op::Attach: answer.count = ::getpid(); [[fallthrough]];
            case Request::Op::List: answer.children = servers(); break;
            case Request::Op::Upgrade: take(upgrade(request.program)); break;
            case Request::Op::Shutdown: take(shutDown()); break;
        }
        return answer;
    }

    Result<ChildState> spawn(const SpawnRequest& request) {
        if (isShuttingDown_) return Error(Errc::Closed, "the keeper is shutting down");
        return children_.spawn(request);
    }

    std::vector<ChildState> servers() const {
        auto all = children_.list();
        std::erase_if(all, [](const ChildState& child) { return child.id == kNodeId; });
        return all;
    }

    /// Answers first.
    Result<void> upgrade(const std::string& program) {
        if (isShuttingDown_) return Error(Errc::Closed, "the keeper is shutting down");
        if (options_.keeperArgv.empty())
            return Error(Errc::NotSupported, "this keeper does not know its own command");
        if (::access(program.c_str(), X_OK) != 0)
            return Error(Errc::Failed, program + ": " + std::strerror(errno));
        loop_.post([this, program] {
            auto argv = options_.keeperArgv;
            // The node's program is the same one, further on.
            const std::string before = argv.front();
            std::replace(argv.begin(), argv.end(), before, program);
            log::info("keeper", "executes {} in its place", program);
            log::error("keeper", "goes on as it was: {}",
                       executeInPlace(argv, {lock_, children_.pipes()}).detail());
        });
        return {};
    }

    Result<void> shutDown() {
        for (const ChildState& child : servers())
            if (!child.exit)
                return Error(Errc::Conflict, child.id + " is running: stop the servers first");
        end();
        return {};
    }

    KeeperOptions options_;
    int lock_;
    EpollLoop loop_;
    UniqueFd signals_;
    ChildTable children_;
    NodeKeeper node_;
    KeeperServer server_;
    bool isShuttingDown_ = false;
};

}  // namespace

Result<void> runKeeper(const KeeperOptions& options) {
    if (options.stateDirectory.empty() || options.stateDirectory.front() != '/')
        return Error(Errc::BadMessage, "the keeper's state directory must be an absolute path");
    if (auto made = makePrivateDirectory(options.stateDirectory); !made) return made;
    const Heritage heritage = takeHeritage();
    auto lock = lockDirectory(options.stateDirectory, heritage);
    if (!lock) return lock.error();
    auto signals = takeSignals();
    if (!signals) return signals.error();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    Keeper keeper(options, std::move(*signals), lock->get());
    return keeper.run(heritage);
}

}  // namespace muster::keeper
