#include "modules/supervisor/server_process.hpp"

#include <algorithm>
#include <csignal>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace muster::supervisor {

using namespace std::chrono_literals;
using State = ServerState;
using Kind = ServerAction::Kind;
using When = config::RestartPolicy::When;

namespace {

/// A server with its keeper and host, where everything may fail at any moment. What the keeper says
/// arrives later, in order; all of it from one seed.
class Storm {
public:
    explicit Storm(unsigned seed) : random_(seed), process_(makeSpec(), seed) {
        now_ += 1h;
        record_ = process_.status();
    }

    void rage(int steps) {
        for (int step = 0; step < steps; ++step) blow();
    }
    /// The faults are over: what is asked of the world happens.
    void calm() {
        isCalm_ = true;
        process_.masterPresent(true, now_);
        settle();
        if (life_ && life_->remaining > 0) remnantsDie();
        if (!isKeeperUp_) keeperComes();
        if (isUnattached_) attach();
    }
    void order(bool isStart) {
        if (isStart)
            process_.start(now_);
        else
            process_.stop(now_);
        settle();
    }
    /// Whether it is where it should be within 10 minutes.
    bool comesToRest() {
        for (int second = 0; second < 600 && !isAtRest(); ++second) {
            deliverAll();
            speak();
            advance(1s);
        }
        return isAtRest();
    }
    std::string text() const {
        return std::string(stateName(process_.status().state)) + " (" + process_.status().note +
               "), " + (isAlive() ? "a process runs" : "no process") + ", " +
               (process_.status().wantsRun ? "is to run" : "is not to run");
    }
    bool wantsRun() const { return process_.status().wantsRun; }
    std::vector<std::string> faults;

private:
    struct Life {
        keeper::ChildState child;
        bool isAlive = true;
        bool isFrozen = false;
        bool ignoresTerm = false;
        bool isEnding = false;
        int remaining = 0;
    };

    bool chance(unsigned ofHundred) { return random_() % 100 < ofHundred; }
    bool strikes(unsigned ofHundred) { return !isCalm_ && chance(ofHundred); }
    bool isAlive() const { return life_ && life_->isAlive; }

    ServerSpec makeSpec() {
        ServerSpec spec;
        spec.id = "one";
        spec.argv = {"one"};
        spec.readiness.kind =
            chance(50) ? config::Readiness::Kind::Start : config::Readiness::Kind::Monitor;
        spec.restart.when = chance(60) ? When::Always : chance(50) ? When::OnFailure : When::Never;
        spec.restart.max = chance(20) ? 3 : 0;
        if (chance(50)) spec.onUnresponsive = config::OnUnresponsive::Restart;
        if (chance(50)) spec.liveness.kind = config::Liveness::Kind::Tcp;
        spec.isPomelo = chance(20);
        return spec;
    }

    bool isAtRest() {
        const State state = process_.status().state;
        if (!inbox_.empty()) return false;
        if (!wantsRun()) return !isAlive() && (state == State::Stopped || state == State::Failed);
        return isAlive() && process_.status().pid == life_->child.pid &&
               process_.nonce() == life_->child.nonce &&
               (state == State::Ready || (state == State::Draining && !life_->isEnding) ||
                (state == State::Unresponsive && life_->isFrozen));
    }

    // ---- the host

    std::optional<keeper::ChildState> held() const {
        return life_ ? std::optional(life_->child) : std::nullopt;
    }
    void post(std::function<void()> news) {
        if (isKeeperUp_ && !isUnattached_) inbox_.push_back(std::move(news));
    }
    void dies(int code, int signal) {
        if (!isAlive()) return;
        life_->isAlive = false;
        life_->remaining = strikes(15) ? 1 : 0;
        keeper::ExitStatus exit{
            isKeeperUp_ && !life_->child.isAdopted, code, signal, false, 0, 1000};
        exit.remaining = life_->remaining;
        life_->child.exit = exit;
        tellExit();
    }
    void remnantsDie() {
        if (!life_ || life_->isAlive || life_->remaining == 0) return;
        life_->remaining = 0;
        life_->child.exit->remnants = 1;
        life_->child.exit->remaining = 0;
        tellExit();
    }
    void tellExit() {
        post([this, child = life_->child] {
            if (child.nonce == process_.nonce()) process_.exited(child, now_);
        });
    }
    void keeperDies() {
        if (!isKeeperUp_) return;
        isKeeperUp_ = false;
        inbox_.clear();
        if (life_) life_->child.isAdopted = true;
        if (!std::exchange(isUnattached_, false)) process_.keeperLost();
        settle();
    }
    void keeperComes() {
        if (isKeeperUp_) return;
        isKeeperUp_ = true;
        attach();
    }
    void attach() {
        isUnattached_ = false;
        process_.attached(held(), now_);
        settle();
    }
    /// kill -9 of the node; the next one reads the record.
    void nodeDies() {
        process_ = ServerProcess(process_.spec(), static_cast<std::uint32_t>(random_()));
        process_.restore(record_, recordedNonce_);
        shown_ = process_.status().state;
        inbox_.clear();
        isUnattached_ = isKeeperUp_;
        if (isUnattached_ && chance(70)) attach();
    }

    // ---- the node

    void save() {
        record_ = process_.status();
        record_.state = process_.knownState();
        recordedNonce_ = process_.nonce();
    }
    void settle() {
        for (;;) {
            auto output = process_.take();
            check(output.events);
            if (output.actions.empty() && output.events.empty()) break;
            for (const auto& action : output.actions) perform(action);
            if (strikes(1)) return nodeDies();  // before it is written down
            save();
        }
        save();
    }
    void perform(const ServerAction& action) {
        if (action.kind == Kind::Spawn) return spawn();
        if (action.kind == Kind::Signal) return signal(action);
        if (action.kind != Kind::Forget || !isKeeperUp_ || isUnattached_ || !life_) return;
        if (life_->child.nonce == action.nonce && !life_->isAlive && life_->remaining == 0)
            life_.reset();
    }
    void spawn() {
        const std::string nonce = "nonce-" + std::to_string(++lives_);
        process_.spawning(nonce);
        save();
        if (!isKeeperUp_ || isUnattached_) {
            lost_.push_back(nonce);
            return;
        }
        if (life_ && (life_->isAlive || life_->remaining > 0)) {
            faults.push_back("a second life is begun beside " + life_->child.nonce);
            return;
        }
        if (strikes(10)) {
            post([this, nonce] {
                if (process_.nonce() == nonce) process_.spawnFailed("no such file", now_);
            });
            return;
        }
        life_ = Life{};
        life_->child.id = "one";
        life_->child.nonce = nonce;
        life_->child.pid = 1000 + lives_;
        life_->child.startedMs = 1;
        life_->ignoresTerm = strikes(20);
        post([this, child = life_->child] {
            if (process_.nonce() == child.nonce) process_.spawned(child, now_);
        });
        if (strikes(10)) dies(static_cast<int>(random_() % 2), 0);
    }
    void signal(const ServerAction& action) {
        if (life_ && action.nonce != life_->child.nonce)
            faults.push_back("a signal to " + action.nonce + ", but it is " + life_->child.nonce);
        if (!isKeeperUp_ || isUnattached_ || !isAlive()) return;
        const bool obeys = action.signal == SIGTERM && !life_->isFrozen && !life_->ignoresTerm;
        if (action.signal == SIGCONT && chance(50)) life_->isFrozen = false;
        if (action.signal == SIGKILL || obeys) dies(0, action.signal);
    }
    /// Each change of the state is told, as what it is.
    void check(const std::vector<ServerEvent>& events) {
        static const std::map<State, std::set<std::string>> kFitting{
            {State::Stopped, {"stopped", "exited"}},
            {State::Waiting, {"waiting"}},
            {State::Starting, {"started", "restarted", "adopted"}},
            {State::Ready, {"ready", "adopted"}},
            {State::Draining, {"draining", "adopted"}},
            {State::Stopping, {"stopping", "started", "restarted"}},
            {State::Backoff, {"backoff"}},
            {State::Failed, {"failed"}},
            {State::Unresponsive, {"unresponsive", "adopted"}},
            {State::Adopting, {"adopting"}}};
        const State state = process_.status().state;
        for (std::size_t at = 1; at < events.size(); ++at)
            if (events[at].kind == events[at - 1].kind)
                faults.push_back("told twice: " + events[at].kind);
        for (const auto& event : events)
            if (event.cause.empty()) faults.push_back("told without a cause: " + event.kind);
        const State before = std::exchange(shown_, state);
        const bool isBeingSpawned = state == State::Starting && process_.isSpawning();
        // Found by a new node as it was left.
        const bool isAsLeft =
            before == State::Adopting && (state == State::Stopped || state == State::Failed);
        if (before == state || isBeingSpawned || (isAsLeft && events.empty())) return;
        if (events.empty() || !kFitting.at(state).contains(events.back().kind))
            faults.push_back(std::string(stateName(before)) + " became " + stateName(state) +
                             ", told as " + (events.empty() ? "nothing" : events.back().kind));
    }

    // ---- what happens

    void deliver() {
        // A spawn that was not sent is answered so, by and by.
        if (!lost_.empty()) {
            const std::string nonce = lost_.front();
            lost_.pop_front();
            if (process_.nonce() == nonce) process_.keeperLost();
            return settle();
        }
        if (inbox_.empty()) return;
        auto news = std::move(inbox_.front());
        inbox_.pop_front();
        news();
        settle();
    }
    void deliverAll() {
        while (!inbox_.empty() || !lost_.empty()) deliver();
    }
    void speak() {
        if (!isAlive() || life_->isFrozen || process_.nonce() != life_->child.nonce) return;
        if (isCalm_ && life_->isEnding) return dies(0, 0);
        process_.watchdogSeen(now_);
        process_.readySeen("says so", now_);
        process_.livenessSeen(true, "", now_);
        settle();
    }
    void advance(std::chrono::milliseconds by) {
        const TimePoint until = now_ + by;
        while (process_.deadline() && *process_.deadline() <= until) {
            now_ = std::max(now_, *process_.deadline());
            process_.tick(now_);
            settle();
        }
        now_ = until;
    }
    void word() {
        if (!isAlive() || life_->isFrozen || process_.nonce() != life_->child.nonce) return;
        switch (random_() % 4) {
            case 0: process_.drainingSeen(chance(50), now_); break;
            case 1:
                life_->isEnding = true;
                process_.stoppingSeen(now_);
                break;
            case 2: process_.watchdogSeen(now_); break;
            default: process_.readySeen("says so", now_); break;
        }
        settle();
    }
    void blow() {
        switch (random_() % 16) {
            case 0: process_.start(now_); break;
            case 1: process_.stop(now_); break;
            case 2: process_.restart(now_); break;
            case 3: process_.kill(now_); break;
            case 4: dies(static_cast<int>(random_() % 2), 0); break;
            case 5: dies(0, SIGSEGV); break;
            case 6:
                if (life_) life_->isFrozen = chance(50);
                break;
            case 7: keeperDies(); break;
            case 8: keeperComes(); break;
            case 9: nodeDies(); break;
            case 10:
                if (isUnattached_) attach();
                break;
            case 11: remnantsDie(); break;
            case 12: process_.masterPresent(chance(50), now_); break;
            case 13: process_.livenessSeen(false, "refused", now_); break;
            case 14: word(); break;
            default: advance(std::chrono::milliseconds(random_() % 15'000)); break;
        }
        settle();
        while (chance(60) && (!inbox_.empty() || !lost_.empty())) deliver();
    }

    std::mt19937 random_;
    ServerProcess process_;
    TimePoint now_{};
    std::optional<Life> life_;  // the latest, until it is forgotten
    std::deque<std::function<void()>> inbox_;
    std::deque<std::string> lost_;
    ServerStatus record_;
    std::string recordedNonce_;
    State shown_ = State::Stopped;
    int lives_ = 0;
    bool isKeeperUp_ = true;
    bool isUnattached_ = false;  // the node has not heard of this keeper yet
    bool isCalm_ = false;
};

}  // namespace

TEST(ServerProcessStorm, LeavesOneLifeOrNoneAndTellsEveryChange) {
    for (unsigned seed = 1; seed <= 400 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Storm storm(seed);
        storm.rage(80);
        storm.calm();
        if (seed % 3 != 0) storm.order(seed % 3 == 1);
        EXPECT_TRUE(storm.comesToRest()) << storm.text();
        if (seed % 3 == 2) {
            EXPECT_FALSE(storm.wantsRun()) << storm.text();
        }
        for (const std::string& fault : storm.faults) ADD_FAILURE() << fault;
    }
}

}  // namespace muster::supervisor
