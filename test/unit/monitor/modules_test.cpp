#include "monitor/console_module.hpp"
#include "monitor/standard_modules.hpp"
#include "monitor/watcher_module.hpp"
#include "test/unit/monitor/monitor_rig.hpp"

#include <muster/json.hpp>

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Modules : public ::testing::Test {
protected:
    std::string ask(const std::string& moduleId, const std::string& body) {
        rig.master.ask("area-1", moduleId, body);
        rig.run();
        const auto answers = rig.master.answers();
        return answers.size() == 1 ? answers[0].substr(3) : "no answer";
    }
    MonitorRig rig;
};

class Watcher : public Modules {
protected:
    Watcher() {
        module->watch([this](const JsonText& servers) { maps.push_back(servers); });
        rig.agent->modules().add(module);
        rig.startWithLeader();
    }
    std::string tell(const std::string& body) { return ask("__monitorwatcher__", body); }

    std::shared_ptr<WatcherModule> module = std::make_shared<WatcherModule>();
    std::vector<std::string> maps;
};

TEST_F(Watcher, KeepsTheMapAndTellsEachChange) {
    EXPECT_EQ(tell(R"({"action":"addServer","server":{"id":"a","port":1}})"), "1");
    EXPECT_EQ(tell(R"({"action":"addServer","server":{"id":"b"}})"), "1");
    EXPECT_EQ(tell(R"({"action":"removeServer","id":"a"})"), "1");
    EXPECT_EQ(tell(R"({"action":"replaceServer","servers":{"c":{"id":"c"}}})"), "1");
    EXPECT_EQ(tell(R"({"action":"startOver"})"), "1");
    EXPECT_THAT(maps, ElementsAre(R"({"a":{"id":"a","port":1}})",
                                  R"({"a":{"id":"a","port":1},"b":{"id":"b"}})",
                                  R"({"b":{"id":"b"}})", R"({"c":{"id":"c"}})"));
}

TEST_F(Watcher, KeepsTheNewLifeWhenTheOldOneIsRemovedLate) {
    (void)tell(R"({"action":"addServer","server":{"id":"a","incarnation":"new"}})");
    (void)tell(R"({"action":"removeServer","id":"a","incarnation":"old"})");
    EXPECT_EQ(maps.size(), 1U);
    (void)tell(R"({"action":"removeServer","id":"a","incarnation":"new"})");
    EXPECT_EQ(maps.back(), "{}");
}

TEST_F(Watcher, RefusesWhatItCannotDo) {
    EXPECT_EQ(tell(R"({"action":"addServer","server":{"port":1}})"), "0");
    EXPECT_EQ(tell(R"({"action":"addServer","server":7})"), "0");
    EXPECT_EQ(tell(R"({"action":"addServer"})"), "0");
    EXPECT_EQ(tell(R"({"action":"replaceServer","servers":[]})"), "0");
    EXPECT_EQ(tell(R"({"action":"fly"})"), "bad_message");
    EXPECT_EQ(tell(R"({"action":7})"), "bad_message");
    EXPECT_EQ(tell("[]"), "bad_message");
    EXPECT_THAT(maps, IsEmpty());
}

TEST_F(Watcher, AsksForTheWholeMapAndTellsIt) {
    module->subscribe(*rig.agent);
    rig.run();
    const auto requests = rig.master.received();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_THAT(requests[0].payload, ::testing::HasSubstr(R"("action":"subscribe")"));
    rig.master.answer(requests[0], {std::nullopt, R"({"a":{"id":"a"}})"});
    rig.run();
    EXPECT_THAT(maps, ElementsAre(R"({"a":{"id":"a"}})"));
}

TEST_F(Modules, ConsoleTellsAboutTheProcessInNumbers) {
    rig.agent->modules().add(std::make_shared<ConsoleModule>(ConsoleModule::Hooks{}));
    rig.startWithLeader();
    const auto body = parseJson(ask("__console__", R"({"signal":"list"})"));
    ASSERT_TRUE(body);
    EXPECT_EQ((*body)["serverId"], "area-1");
    EXPECT_EQ((*body)["serverType"], "area");
    EXPECT_GT((*body)["rss"].get<long>(), 0);
    EXPECT_GE((*body)["uptime"].get<long>(), 0);
}

TEST_F(Modules, StandardOnesShowTheServerToItsMaster) {
    const auto standard = standardModules({"echo"});
    ASSERT_TRUE(standard);
    for (const auto& module : *standard) rig.agent->modules().add(module);
    rig.startWithLeader();
    const auto row = parseJson(ask("watchServer", R"({"comd":"servers"})"));
    ASSERT_TRUE(row);
    EXPECT_EQ((*row)["body"]["serverType"], "area");
    EXPECT_EQ((*parseJson(ask("nodeInfo", "{}")))["serverId"], "area-1");
    EXPECT_TRUE((*parseJson(ask("systemInfo", "{}")))["body"].is_object());
    EXPECT_EQ(ask("echo", "[7]"), "[7]");
    EXPECT_EQ(ask("bench", "{}"), "unknown_module");
}

TEST(StandardModules, RefusesAnUnknownOneWithWhatThereIs) {
    const auto refused = standardModules({"bench", "Echo"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::BadMessage);
    EXPECT_THAT(refused.error().detail(), ::testing::HasSubstr("'Echo'"));
    EXPECT_THAT(refused.error().detail(), ::testing::HasSubstr("'echo' and 'bench'"));
}

TEST_F(Modules, ConsolePassesStopAndDrainToTheHost) {
    std::vector<std::string> asked;
    ConsoleModule::Hooks hooks;
    hooks.stop = [&] { asked.push_back("stop"); };
    hooks.drain = [&] { asked.push_back("drain"); };
    rig.agent->modules().add(std::make_shared<ConsoleModule>(hooks));
    rig.startWithLeader();
    EXPECT_EQ(ask("__console__", R"({"signal":"drain"})"), R"({"status":"ok"})");
    EXPECT_EQ(ask("__console__", R"({"signal":"stop"})"), R"({"status":"ok"})");
    EXPECT_EQ(ask("__console__", R"({"signal":"kill"})"), "not_supported");
    EXPECT_EQ(ask("__console__", R"({"signal":1})"), "bad_message");
    EXPECT_EQ(ask("__console__", "7"), "bad_message");
    EXPECT_THAT(asked, ElementsAre("drain", "stop"));
}

TEST_F(Modules, ReportsOnItsGridAndHandlesAtTheSameTime) {
    auto module = std::make_shared<FunctionModule>("load");
    int samples = 0;
    module->reportWith(5s, [&] { return std::to_string(++samples); });
    module->handleWith([](const JsonText& body) { return Result<JsonText>(body); });
    rig.agent->modules().add(module);
    rig.startWithLeader();
    rig.advance(16s);
    EXPECT_THAT(rig.master.bodies(), ElementsAre("1", "2", "3"));
    EXPECT_EQ(ask("load", "7"), "7");
}

TEST_F(Modules, DoNotTickWhileDisabled) {
    auto module = std::make_shared<FunctionModule>("load");
    module->reportWith(5s, [] { return std::string("1"); });
    rig.agent->modules().add(module);
    rig.startWithLeader();
    (void)rig.agent->modules().setEnabled("load", false);
    rig.advance(20s);
    EXPECT_THAT(rig.master.bodies(), IsEmpty());
    (void)rig.agent->modules().setEnabled("load", true);
    rig.advance(5s);
    EXPECT_THAT(rig.master.bodies(), ElementsAre("1"));
}

TEST_F(Modules, GiveABusyHostOneTickNotAllThatItMissed) {
    std::deque<std::function<void()>> queue;
    MonitorRig busy([&](MonitorOptions& options) {
        options.runOn = [&](std::function<void()> call) { queue.push_back(std::move(call)); };
    });
    auto module = std::make_shared<FunctionModule>("load");
    module->reportWith(1s, [] { return std::string("1"); });
    busy.agent->modules().add(module);
    busy.startWithLeader();
    queue.clear();
    busy.advance(60s);
    EXPECT_EQ(queue.size(), 1U);
}

TEST_F(Modules, AreStartedOnceBeforeAnyMessage) {
    class Starting final : public MonitorModule {
    public:
        explicit Starting(std::vector<std::string>& calls) : calls_(calls) {}
        std::string_view id() const override { return "m"; }
        void start(MonitorAgent&) override { calls_.push_back("start"); }
        void monitorHandler(MonitorAgent&, const JsonText&, Reply reply) override {
            calls_.push_back("message");
            reply(JsonText("1"));
        }

    private:
        std::vector<std::string>& calls_;
    };
    std::vector<std::string> calls;
    rig.agent->modules().add(std::make_shared<Starting>(calls));
    rig.start();
    rig.master.come();
    rig.run();
    rig.master.ask("area-1", "m", "{}");
    rig.run();
    rig.master.lead(1);
    rig.run();
    rig.broker.drop("area-1");
    rig.advance(2s);
    EXPECT_THAT(calls, ElementsAre("start", "message"));
}

}  // namespace
}  // namespace muster::test
