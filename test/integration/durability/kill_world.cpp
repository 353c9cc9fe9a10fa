#include "test/integration/durability/kill_world.hpp"

#include "test/integration/durability/load_roles.hpp"
#include "test/integration/durability/toggler.hpp"
#include "test/support/child.hpp"
#include "test/support/eventually.hpp"
#include "test/support/free_port.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>

#include <poll.h>

namespace muster::test {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using mqtt::Version;

constexpr auto kPatience = 30s;  // for a broker that answers late on a busy machine
constexpr std::size_t kMessagesALife = 150;

/// All clients and the broker's process.
class KillWorld {
public:
    explicit KillWorld(const KillOptions& options)
        : options_(options),
          port_(static_cast<std::uint16_t>(freePort())),
          chance_(options.seed),
          retained_(port_, violations_),
          toggler_(port_, violations_, chance_) {
        for (int i = 0; i < 4; ++i)
            publishers_.push_back(std::make_unique<Publisher>(
                i, static_cast<std::uint8_t>(1 + i / 2), port_, violations_, chance_));
        for (int i = 0; i < 6; ++i) {
            const bool isAway = i >= 2;
            const auto qos = static_cast<std::uint8_t>(1 + i % 2);
            subscribers_.push_back(std::make_unique<Subscriber>(
                std::string(isAway ? "away-" : "online-") + std::to_string(i), qos,
                i % 3 == 0 ? Version::V311 : Version::V5, port_, violations_, chance_));
        }
    }

    std::size_t run() {
        start();
        for (auto& publisher : publishers_) publisher->allow(0);
        require("subscribed", [&] {
            return std::all_of(subscribers_.begin(), subscribers_.end(),
                               [](const auto& one) { return one->isSubscribed(); });
        });
        const auto end = Clock::now() + options_.time;
        for (int kill = 0; kill < options_.kills && Clock::now() < end; ++kill) {
            if (violations_.count() > 0) break;
            live();
            broker_->signal(SIGKILL);
            broker_->wait();
            start();
        }
        finish();
        print();
        return violations_.count();
    }

private:
    void start() {
        ++life_;
        std::vector<std::string> command{options_.broker, "--port", std::to_string(port_),
                                         "--max-queued-messages", "1000000"};
        if (!options_.store.empty()) command.insert(command.end(), {"--store", options_.store});
        broker_ = std::make_unique<Child>(command);
        const auto began = Clock::now();
        const auto& output = broker_->outputUntil("listening", kPatience);
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
        if (output.find("listening") == std::string::npos)
            violations_.add("the broker does not start, after " + std::to_string(took.count()) +
                            " ms: " + broker_->condition() + "; it said: \"" + output + '"');
        reader_ = std::make_unique<RetainedReader>(static_cast<int>(life_), port_, violations_,
                                                   retained_);
        prober_ = std::make_unique<Prober>(life_, port_, violations_);
        toggler_.beginLife(life_);
    }

    /// Until a moment of chance: sometimes before anything was checked, mostly after.
    void live() {
        for (auto& publisher : publishers_) publisher->allow(kMessagesALife);
        for (std::size_t i = 2; i < subscribers_.size(); ++i)
            subscribers_[i]->setOnline(chance_.below(3) == 0);
        const bool isShort = chance_.below(4) == 0;
        if (!isShort) require("retained and subscriptions were seen", [&] { return isChecked(); });
        const auto end = Clock::now() + std::chrono::microseconds(chance_.below(120'000));
        while (Clock::now() < end) turn();
    }
    bool isChecked() const { return reader_->isDone() && toggler_.wasProbed(); }

    /// All come back, all is sent and acknowledged and received.
    void finish() {
        for (auto& publisher : publishers_) publisher->allow(0);
        for (auto& subscriber : subscribers_) subscriber->setOnline(true);
        require("everything is acknowledged", [&] {
            return std::all_of(publishers_.begin(), publishers_.end(),
                               [](const auto& one) { return one->isDone(); });
        });
        std::size_t before = 0;
        Patience patience(kPatience);
        while (missing() > 0 && violations_.count() == 0 && !patience.isOver()) {
            turn();
            if (const std::size_t now = missing(); now != before) {
                before = now;
                patience = Patience(kPatience);
            }
        }
        tellMissing();
    }

    std::size_t missing() const {
        std::size_t count = 0;
        forEachMissing([&](const Subscriber&, int, std::size_t) { ++count; });
        return count;
    }
    void tellMissing() {
        forEachMissing([&](const Subscriber& subscriber, int publisher, std::size_t sequence) {
            violations_.add(subscriber.id() + ": acknowledged message " + std::to_string(sequence) +
                            " of load/" + std::to_string(publisher) + " is lost");
        });
    }
    void forEachMissing(
        const std::function<void(const Subscriber&, int, std::size_t)>& tell) const {
        for (const auto& subscriber : subscribers_)
            for (std::size_t i = 0; i < publishers_.size(); ++i) {
                const auto& acknowledged = publishers_[i]->acknowledged();
                for (std::size_t n = 0; n < acknowledged.size(); ++n)
                    if (acknowledged[n] && subscriber->received(static_cast<int>(i), n) == 0)
                        tell(*subscriber, static_cast<int>(i), n);
            }
    }

    void require(const char* what, const std::function<bool()>& condition) {
        Patience patience(kPatience);
        while (!condition() && violations_.count() == 0) {
            if (patience.isOver())
                return violations_.add(std::string("not in time: ") + what + "; the broker " +
                                       broker_->condition());
            turn();
        }
    }

    /// Everybody does what there is to do, then all wait for more.
    void turn() {
        std::vector<LoadClient*> all{&retained_, &toggler_, reader_.get()};
        if (toggler_.isUp() && toggler_.isReady()) all.push_back(prober_.get());
        for (auto& publisher : publishers_) all.push_back(publisher.get());
        for (auto& subscriber : subscribers_) all.push_back(subscriber.get());
        std::vector<pollfd> sockets;
        for (LoadClient* client : all) {
            client->step();
            if (client->socket() >= 0) sockets.push_back({client->socket(), POLLIN, 0});
        }
        ::poll(sockets.data(), sockets.size(), 1);
    }

    void print() const {
        std::size_t sent = 0, duplicates = 0, versions = 0;
        for (const auto& publisher : publishers_) sent += publisher->sent();
        for (const auto& subscriber : subscribers_) duplicates += subscriber->duplicates();
        for (const auto& topic : retained_.topics()) versions += topic.acknowledged;
        std::printf(
            "kills: %zu, seed %u, messages: %zu to %zu subscribers, came again: %zu, "
            "retained updates: %zu, violations: %zu\n",
            life_ - 1, options_.seed, sent, subscribers_.size(), duplicates, versions,
            violations_.count());
    }

    KillOptions options_;
    std::uint16_t port_;
    Violations violations_;
    Chance chance_;
    std::size_t life_ = 0;
    std::unique_ptr<Child> broker_;
    RetainedWriter retained_;
    Toggler toggler_;
    std::unique_ptr<RetainedReader> reader_;
    std::unique_ptr<Prober> prober_;
    std::vector<std::unique_ptr<Publisher>> publishers_;
    std::vector<std::unique_ptr<Subscriber>> subscribers_;
};

}  // namespace

std::size_t runKillLoop(const KillOptions& options) {
    return KillWorld(options).run();
}

}  // namespace muster::test
