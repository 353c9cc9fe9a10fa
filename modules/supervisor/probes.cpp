#include "modules/supervisor/probes.hpp"

#include "modules/supervisor/command_run.hpp"
#include "modules/supervisor/tcp_probe.hpp"

#include <utility>

namespace muster::supervisor {

using std::chrono::milliseconds;

namespace {

class CommandProbe final : public Probe {
public:
    CommandProbe(EpollLoop& loop, const ServerSpec& spec, std::function<void()> onReady)
        : loop_(loop), argv_(spec.readiness.argv), onReady_(std::move(onReady)) {
        timer_ = loop_.after(milliseconds(50), [this] { attempt(); });
    }
    ~CommandProbe() override { loop_.cancel(timer_); }

private:
    void attempt() {
        timer_ = 0;
        run_ = std::make_unique<CommandRun>(
            loop_, argv_, milliseconds(5000), [this](const std::string& reason) {
                if (!reason.empty()) {
                    timer_ = loop_.after(milliseconds(500), [this] { attempt(); });
                    return;
                }
                const auto onReady = onReady_;  // may destroy this
                onReady();
            });
    }

    EpollLoop& loop_;
    std::vector<std::string> argv_;
    std::function<void()> onReady_;
    std::unique_ptr<CommandRun> run_;
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
