#include "test/integration/monitor/echo_master.hpp"
#include "test/support/eventually.hpp"
#include "test/support/mosquitto_process.hpp"

#include <muster/monitor.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What a host sees of its monitor, from any thread.
class Host {
public:
    explicit Host(const std::string& url) {
        options.id = "area-1";
        options.type = "area";
        options.master = url;
        options.onEvent = [this](MonitorEvent event, std::string_view) {
            std::lock_guard lock(mutex_);
            events_.push_back(event);
        };
    }
    long count(MonitorEvent event) {
        std::lock_guard lock(mutex_);
        return std::count(events_.begin(), events_.end(), event);
    }
    bool isRegistered(long times = 1) {
        return eventually(15s, [&] { return count(MonitorEvent::Registered) >= times; });
    }
    MonitorOptions options;

private:
    std::mutex mutex_;
    std::vector<MonitorEvent> events_;
};

TEST(MonitorOverMosquitto, HasTheStandardModulesAndTakesAUsersInTheirPlace) {
    MosquittoProcess broker;
    EchoMaster master(broker.url());
    Host host(broker.url());
    host.options.modules = {"no-such"};
    EXPECT_FALSE(Monitor(host.options).start());
    host.options.modules = {"echo"};
    Monitor monitor(host.options);
    monitor.handle("nodeInfo", [](const JsonText&) { return Result<JsonText>("\"mine\""); });
    ASSERT_TRUE(monitor.start());
    ASSERT_TRUE(host.isRegistered());
    master.ask("area-1", "echo", "7");
    master.ask("area-1", "nodeInfo", "{}");
    master.ask("area-1", "watchServer", R"({"comd":"settings"})");
    EXPECT_TRUE(eventually(5s, [&] { return master.answers().size() == 3; }));
    EXPECT_THAT(master.answers(), ElementsAre("7", "\"mine\"", "{}"));
}

TEST(MonitorOverMosquitto, RegistersAnswersAndLeaves) {
    MosquittoProcess broker;
    EchoMaster master(broker.url());
    Host host(broker.url());
    {
        Monitor monitor(host.options);
        monitor.handle("echo", [](const JsonText& body) { return Result<JsonText>(body); });
        ASSERT_TRUE(monitor.start());
        ASSERT_TRUE(host.isRegistered());
        monitor.ready();
        EXPECT_TRUE(eventually(
            5s, [&] { return master.presence("area-1").find("\"ready\"") != std::string::npos; }));
        master.ask("area-1", "echo", R"({"a":1})");
        EXPECT_TRUE(eventually(5s, [&] { return !master.answers().empty(); }));
        EXPECT_THAT(master.answers(), ElementsAre(R"({"a":1})"));
    }
    EXPECT_TRUE(eventually(
        5s, [&] { return master.presence("area-1").find("\"offline\"") != std::string::npos; }));
}

TEST(MonitorOverMosquitto, AsksTheMaster) {
    MosquittoProcess broker;
    EchoMaster master(broker.url());
    Host host(broker.url());
    Monitor monitor(host.options);
    ASSERT_TRUE(monitor.start());
    std::promise<std::string> answer;
    monitor.agent().request("m", R"({"q":1})", [&](const Result<JsonText>& result) {
        answer.set_value(result ? *result : errcName(result.error().code()));
    });
    EXPECT_EQ(answer.get_future().get(), R"({"q":1})");
}

TEST(MonitorOverMosquitto, ComesBackAfterTheBrokerDied) {
    MosquittoProcess broker;
    Host host(broker.url());
    Monitor monitor(host.options);
    {
        EchoMaster master(broker.url());
        ASSERT_TRUE(monitor.start());
        ASSERT_TRUE(host.isRegistered());
    }
    broker.kill();
    ASSERT_TRUE(eventually(10s, [&] { return host.count(MonitorEvent::Disconnected) > 0; }));
    monitor.agent().notify("kept", "1");
    broker.start();
    EchoMaster master(broker.url());
    EXPECT_TRUE(host.isRegistered(2));
    EXPECT_TRUE(eventually(10s, [&] { return !master.received().empty(); }));
    EXPECT_THAT(master.received(), Contains("kept 1"));
}

TEST(MonitorOverMosquitto, SaysThatAnotherProcessTookItsId) {
    MosquittoProcess broker;
    EchoMaster master(broker.url());
    Host first(broker.url());
    Host second(broker.url());
    Monitor older(first.options);
    ASSERT_TRUE(older.start());
    ASSERT_TRUE(first.isRegistered());
    Monitor newer(second.options);
    ASSERT_TRUE(newer.start());
    ASSERT_TRUE(second.isRegistered());
    EXPECT_TRUE(eventually(15s, [&] { return first.count(MonitorEvent::TakenOver) >= 1; }));
    EXPECT_TRUE(eventually(15s, [&] {
        return master.presence("area-1").find("\"online\"") != std::string::npos &&
               master.presence("area-1").find(newer.agent().self().incarnation) !=
                   std::string::npos;
    }));
}

TEST(MonitorOverMosquitto, SaysThatItWasRefused) {
    MosquittoProcess broker("allow_anonymous false");
    Host host(broker.url());
    Monitor monitor(host.options);
    ASSERT_TRUE(monitor.start());
    EXPECT_TRUE(eventually(10s, [&] { return host.count(MonitorEvent::Refused) == 1; }));
}

TEST(MonitorOverMosquitto, StopsInTimeWhileNobodyIsThere) {
    Host host("mqtt://127.0.0.1:1");
    Monitor monitor(host.options);
    ASSERT_TRUE(monitor.start());
    ASSERT_TRUE(eventually(10s, [&] { return host.count(MonitorEvent::Disconnected) > 0; }));
    const auto start = std::chrono::steady_clock::now();
    monitor.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2500ms);
    monitor.stop();
}

TEST(MonitorOverMosquitto, MayBeStoppedFromItsOwnCallback) {
    MosquittoProcess broker;
    EchoMaster master(broker.url());
    Host host(broker.url());
    auto monitor = std::make_unique<Monitor>(host.options);
    std::promise<void> stopped;
    monitor->onStop([&] {
        monitor.reset();
        stopped.set_value();
    });
    ASSERT_TRUE(monitor->start());
    ASSERT_TRUE(host.isRegistered());
    master.ask("area-1", "__console__", R"({"signal":"stop"})");
    ASSERT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_TRUE(eventually(
        5s, [&] { return master.presence("area-1").find("\"offline\"") != std::string::npos; }));
}

TEST(MonitorOverMosquitto, RunsHandlersOnTheHostsThread) {
    MosquittoProcess broker;
    EchoMaster master(broker.url());
    Host host(broker.url());
    std::mutex mutex;
    std::deque<std::function<void()>> queue;
    host.options.runOn = [&](std::function<void()> call) {
        std::lock_guard lock(mutex);
        queue.push_back(std::move(call));
    };
    std::thread::id ranOn;
    Monitor monitor(host.options);
    monitor.handle("where", [&](const JsonText&) {
        ranOn = std::this_thread::get_id();
        return Result<JsonText>(JsonText("1"));
    });
    ASSERT_TRUE(monitor.start());
    const auto pump = [&] {
        for (;;) {
            std::function<void()> call;
            {
                std::lock_guard lock(mutex);
                if (queue.empty()) return;
                call = std::move(queue.front());
                queue.pop_front();
            }
            call();
        }
    };
    const auto pumpUntil = [&](const std::function<bool()>& condition) {
        return eventually(10s, [&] {
            pump();
            return condition();
        });
    };
    ASSERT_TRUE(pumpUntil([&] { return host.count(MonitorEvent::Registered) == 1; }));
    master.ask("area-1", "where", "{}");
    ASSERT_TRUE(pumpUntil([&] { return !master.answers().empty(); }));
    EXPECT_EQ(ranOn, std::this_thread::get_id());
}

TEST(Monitor, RefusesUnusableOptionsAndASecondStart) {
    Monitor nameless((MonitorOptions()));
    const auto refused = nameless.start();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::BadMessage);
    Host host("mqtt://127.0.0.1:1");
    Monitor monitor(host.options);
    EXPECT_TRUE(monitor.start());
    EXPECT_FALSE(monitor.start());
}

}  // namespace
}  // namespace muster::test
