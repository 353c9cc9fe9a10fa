#include "modules/supervisor/liveness.hpp"

#include "modules/supervisor/command_run.hpp"
#include "modules/supervisor/tcp_probe.hpp"

#include <deque>
#include <utility>

namespace muster::supervisor {

namespace {

/// Whose turn it is to run a command. Shared between the maker and its probes.
class Turns {
public:
    /// Calls `begin`, now or when fewer than kMostLookingCommands run. `owner` names the caller.
    void wait(const void* owner, std::function<void()> begin) {
        waiting_.push_back({owner, std::move(begin)});
        next();
    }
    void giveUp(const void* owner) {
        std::erase_if(waiting_, [&](const auto& waiter) { return waiter.owner == owner; });
    }
    void done() {
        --running_;
        next();
    }

private:
    struct Waiter {
        const void* owner;
        std::function<void()> begin;
    };
    void next() {
        if (running_ >= kMostLookingCommands || waiting_.empty()) return;
        ++running_;
        auto begin = std::move(waiting_.front().begin);
        waiting_.pop_front();
        begin();
    }
    std::size_t running_ = 0;
    std::deque<Waiter> waiting_;
};

class LivenessProbe final : public Probe {
public:
    using OnLook = std::function<void(const std::string& reason)>;
    LivenessProbe(EpollLoop& loop, std::shared_ptr<Turns> turns, ServerSpec spec, OnLook onLook)
        : loop_(loop),
          turns_(std::move(turns)),
          spec_(std::move(spec)),
          onLook_(std::move(onLook)) {
        if (spec_.liveness.port != 0) spec_.readiness.port = spec_.liveness.port;
        pause();
    }
    ~LivenessProbe() override {
        loop_.cancel(timer_);
        turns_->giveUp(this);
        run_.reset();
        if (std::exchange(hasTurn_, false)) turns_->done();
    }

private:
    void pause() {
        timer_ = loop_.after(spec_.liveness.interval, [this] { look(); });
    }
    void look() {
        timer_ = 0;
        if (spec_.liveness.kind == config::Liveness::Kind::Tcp) return connect();
        turns_->wait(this, [this] { run(); });
    }
    void connect() {
        tcp_ = std::make_unique<TcpProbe>(loop_, spec_, [this] { seen({}); });
        const int port = spec_.readiness.port != 0 ? spec_.readiness.port : spec_.port;
        timer_ = loop_.after(spec_.liveness.timeout, [this, port] {
            tcp_.reset();
            seen("no connection to " + spec_.host + ":" + std::to_string(port));
        });
    }
    void run() {
        hasTurn_ = true;
        run_ = std::make_unique<CommandRun>(loop_, spec_.liveness.argv, spec_.liveness.timeout,
                                            [this](const std::string& reason) { seen(reason); });
    }
    void seen(const std::string& reason) {
        loop_.cancel(std::exchange(timer_, 0));
        pause();
        // Not destroyed here: one of them calls, for the last time.
        loop_.post([old = std::shared_ptr<TcpProbe>(std::move(tcp_)),
                    ended = std::shared_ptr<CommandRun>(std::move(run_))] {});
        if (std::exchange(hasTurn_, false)) turns_->done();
        const auto onLook = onLook_;  // may destroy this
        onLook(reason);
    }

    EpollLoop& loop_;
    std::shared_ptr<Turns> turns_;
    ServerSpec spec_;
    OnLook onLook_;
    std::unique_ptr<TcpProbe> tcp_;
    std::unique_ptr<CommandRun> run_;
    bool hasTurn_ = false;
    TimerId timer_ = 0;
};

}  // namespace

LivenessMaker makeLiveness(EpollLoop& loop) {
    return [&loop, turns = std::make_shared<Turns>()](
               const ServerSpec& spec,
               std::function<void(const std::string&)> onLook) -> std::unique_ptr<Probe> {
        if (spec.liveness.kind == config::Liveness::Kind::None) return nullptr;
        return std::make_unique<LivenessProbe>(loop, turns, spec, std::move(onLook));
    };
}

}  // namespace muster::supervisor
