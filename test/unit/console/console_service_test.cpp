#include "master/console/console_service.hpp"

#include "test/support/manual_loop.hpp"
#include "test/unit/console/fake_agent.hpp"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

namespace muster {
namespace {

using std::chrono::seconds;
using test::Answers;
using test::FakeAgent;

class TestModule final : public AdminModule {
public:
    explicit TestModule(std::string id) : id_(std::move(id)) {}
    std::string_view id() const override { return id_; }
    std::optional<Schedule> pull() const override { return schedule; }
    int requiredLevel(const JsonText&) const override { return level; }
    void start(MasterAgent&) override {
        if (throws) throw std::runtime_error("no start");
        ++starts;
    }
    void stop() override { ++stops; }
    void masterHandler(MasterAgent&, const ServerInfo& from, const JsonText&,
                       Reply reply) override {
        handle(from.id, std::move(reply));
    }
    void clientHandler(MasterAgent&, const Caller& caller, const JsonText&, Reply reply) override {
        handle(caller.name, std::move(reply));
    }
    void tick(MasterAgent&) override {
        ++ticks;
        if (throws) throw 7;
    }

    std::optional<Schedule> schedule;
    int level = 2;
    bool throws = false;
    bool keeps = false;
    JsonText answer = R"("ok")";
    std::string lastFrom;
    Reply kept;
    int starts = 0, stops = 0, ticks = 0, calls = 0;

private:
    void handle(const std::string& from, Reply reply) {
        lastFrom = from;
        ++calls;
        if (throws) throw std::runtime_error("boom");
        if (keeps)
            kept = std::move(reply);
        else
            reply(answer);
    }
    std::string id_;
};

class FakeSwitches final : public ModuleSwitches {
public:
    bool isEnabled(std::string_view id) const override { return off.count(std::string(id)) == 0; }
    void save(std::string_view id, bool isEnabled,
              std::function<void(Result<void>)> done) override {
        waiting.push_back([this, id = std::string(id), isEnabled, done = std::move(done)] {
            if (isFull) return done(Error(Errc::Failed, "the disk is full"));
            isEnabled ? void(off.erase(id)) : void(off.insert(id));
            done({});
        });
        if (!isSlow) write();
    }
    void write() {
        for (auto& one : std::exchange(waiting, {})) one();
    }
    std::set<std::string> off;
    std::vector<std::function<void()>> waiting;
    bool isSlow = false;
    bool isFull = false;
};

class ConsoleTest : public testing::Test {
protected:
    TestModule& add(std::string id) {
        auto module = std::make_unique<TestModule>(std::move(id));
        TestModule& ref = *module;
        console.add(std::move(module));
        return ref;
    }
    void ask(std::string_view module, int level = 1) {
        console.fromClient({"u", "u/1", level}, module, "{}", answers.reply());
    }
    void run(std::string_view command, std::string_view module, int level = 1) {
        console.command({"u", "u/1", level}, command, module, answers.reply());
    }

    test::ManualLoop loop;
    FakeAgent agent;
    FakeSwitches switches;
    Answers answers;
    std::vector<JsonText> audits;
    ConsoleService console{loop, agent, switches, {seconds(60), [this](const JsonText& record) {
                                                       audits.push_back(record);
                                                   }}};
};

TEST_F(ConsoleTest, PassesRequestsToTheDoorOfTheirSender) {
    TestModule& module = add("m");
    ASSERT_TRUE(console.start());
    ask("m");
    EXPECT_EQ(answers.last(), R"("ok")");
    EXPECT_EQ(module.lastFrom, "u");
    ServerInfo server;
    server.id = "chat-1";
    console.fromMonitor(server, "m", "", answers.reply());
    EXPECT_EQ(module.lastFrom, "chat-1");
    console.fromMonitor(server, "m", "", {});
    EXPECT_EQ(module.calls, 3);
    EXPECT_EQ(answers.count(), 2U);
}

TEST_F(ConsoleTest, AnswersForModulesThatAreUnknownOrOff) {
    add("m");
    ASSERT_TRUE(console.start());
    ask("x");
    EXPECT_EQ(answers.last(), "unknown_module: unknown moduleId:x");
    run("disable", "m");
    ask("m");
    EXPECT_EQ(answers.last(), "module_disabled: module m is disable");
}

TEST_F(ConsoleTest, LooksAtTheCallersLevel) {
    TestModule& module = add("m");
    module.level = 1;
    ASSERT_TRUE(console.start());
    ask("m", 2);
    EXPECT_EQ(answers.last().substr(0, 7), "denied:");
    EXPECT_EQ(module.calls, 0);
    ask("m", 1);
    EXPECT_EQ(module.calls, 1);
    module.level = 2;
    ask("m", 2);
    EXPECT_EQ(module.calls, 2);
}

TEST_F(ConsoleTest, TurnsExceptionsIntoAnswers) {
    TestModule& module = add("m");
    ASSERT_TRUE(console.start());
    module.throws = true;
    ask("m");
    EXPECT_EQ(answers.last(), "failed: module m failed: boom");
}

TEST_F(ConsoleTest, AnswersOnceWhateverTheModuleDoes) {
    TestModule& module = add("m");
    module.keeps = true;
    ASSERT_TRUE(console.start());
    ask("m");
    module.kept(JsonText("1"));
    module.kept(JsonText("2"));
    module.kept = {};
    EXPECT_EQ(answers.count(), 1U);
    EXPECT_EQ(answers.last(), "1");
    ask("m");
    module.kept = {};
    EXPECT_EQ(answers.last(), "failed: module m gave no answer");
    EXPECT_EQ(answers.count(), 2U);
}

TEST_F(ConsoleTest, AnswersTimeoutForAModuleThatDoesNot) {
    TestModule& module = add("m");
    module.keeps = true;
    ASSERT_TRUE(console.start());
    ask("m");
    loop.advance(seconds(59));
    EXPECT_EQ(answers.count(), 0U);
    loop.advance(seconds(1));
    EXPECT_EQ(answers.last().substr(0, 8), "timeout:");
    module.kept(JsonText("late"));
    EXPECT_EQ(answers.count(), 1U);
    EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(ConsoleTest, RefusesAnswersThatAreNotJson) {
    add("m").answer = "plain words";
    ASSERT_TRUE(console.start());
    ask("m");
    EXPECT_EQ(answers.last(), "failed: module m answered what is not JSON");
}

TEST_F(ConsoleTest, BoundsTheOpenRequestsAndKeepsRoomForAdministrators) {
    TestModule& module = add("m");
    module.keeps = true;
    ASSERT_TRUE(console.start());
    std::vector<Reply> open;
    for (const auto& [level, most] :
         {std::pair(2, ConsoleService::kMaxLookers), std::pair(1, ReplyGuard::kMaxOpen)}) {
        const std::size_t before = answers.count();
        for (std::size_t i = 0; i < most; ++i) {
            ask("m", level);
            open.push_back(module.kept);
        }
        EXPECT_EQ(answers.count(), before);
        ask("m", level);
        EXPECT_EQ(answers.last().substr(0, 6), "limit:");
    }
}

TEST_F(ConsoleTest, AnswersWhatIsOpenWhenItEnds) {
    std::string outcome;
    Reply kept;
    {
        test::ManualLoop ownLoop;
        FakeSwitches own;
        ConsoleService short_lived(ownLoop, agent, own, {});
        auto module = std::make_unique<TestModule>("m");
        module->keeps = true;
        TestModule& ref = *module;
        short_lived.add(std::move(module));
        ASSERT_TRUE(short_lived.start());
        short_lived.fromClient({"u", "u/1", 1}, "m", "{}", [&](const Result<JsonText>& result) {
            outcome = errcName(result.error().code());
        });
        kept = ref.kept;
    }
    EXPECT_EQ(outcome, "closed");
    kept(JsonText("late"));
}

TEST_F(ConsoleTest, TicksAfterTheDelayAndThenWithoutDriftOrBursts) {
    TestModule& module = add("m");
    module.schedule = Schedule{seconds(10), seconds(3)};
    ASSERT_TRUE(console.start());
    loop.advance(seconds(2));
    EXPECT_EQ(module.ticks, 0);
    loop.advance(seconds(1));
    EXPECT_EQ(module.ticks, 1);
    loop.advance(seconds(30));
    EXPECT_EQ(module.ticks, 4);
}

TEST_F(ConsoleTest, DoesNotTickAModuleThatIsOff) {
    TestModule& module = add("m");
    module.schedule = Schedule{seconds(10), seconds(0)};
    module.throws = false;
    ASSERT_TRUE(console.start());
    loop.advance(seconds(1));
    EXPECT_EQ(module.ticks, 1);
    run("disable", "m");
    loop.advance(seconds(60));
    EXPECT_EQ(module.ticks, 1);
    run("enable", "m");
    run("enable", "m");
    loop.advance(seconds(1));
    EXPECT_EQ(module.ticks, 2);
}

TEST_F(ConsoleTest, GoesOnTickingAModuleThatThrows) {
    TestModule& module = add("m");
    module.schedule = Schedule{seconds(10), seconds(0)};
    ASSERT_TRUE(console.start());
    module.throws = true;
    loop.advance(seconds(21));
    EXPECT_EQ(module.ticks, 3);
}

TEST_F(ConsoleTest, ListsModulesWithoutTheHiddenOnes) {
    add("b");
    add("__hidden__");
    add("a");
    ASSERT_TRUE(console.start());
    run("list", "", 2);
    EXPECT_EQ(answers.last(), R"({"modules":["b","a"]})");
    EXPECT_TRUE(audits.empty());
}

TEST_F(ConsoleTest, SwitchesModulesForCallersOfLevel1) {
    add("m");
    ASSERT_TRUE(console.start());
    run("disable", "m", 2);
    EXPECT_EQ(answers.last().substr(0, 7), "denied:");
    run("disable", "m", 1);
    EXPECT_EQ(answers.last(), "1");
    EXPECT_EQ(switches.off.count("m"), 1U);
    EXPECT_EQ(agent.log.back(), "command disable m");
    run("enable", "m");
    EXPECT_TRUE(console.isEnabled("m"));
    run("enable", "");
    EXPECT_EQ(answers.last(), "bad_message: empty moduleId");
    run("enable", "x");
    EXPECT_EQ(answers.last(), "unknown_module: unknown moduleId:x");
    run("explode", "m");
    EXPECT_EQ(answers.last(), "bad_message: unknown command:explode");
}

TEST_F(ConsoleTest, AcknowledgesASwitchWhenItIsKept) {
    add("m");
    ASSERT_TRUE(console.start());
    switches.isSlow = true;
    run("disable", "m");
    EXPECT_EQ(answers.count(), 0U);
    EXPECT_TRUE(console.isEnabled("m"));
    switches.write();
    EXPECT_EQ(answers.last(), "1");
    EXPECT_FALSE(console.isEnabled("m"));
}

TEST_F(ConsoleTest, LeavesAModuleAsItWasIfItsSwitchCannotBeKept) {
    add("m");
    ASSERT_TRUE(console.start());
    switches.isFull = true;
    run("disable", "m");
    EXPECT_EQ(answers.last(), "failed: the disk is full");
    EXPECT_TRUE(console.isEnabled("m"));
    EXPECT_TRUE(agent.log.empty());
}

TEST_F(ConsoleTest, EndsAsTheLastOfManySwitchesSays) {
    add("m");
    ASSERT_TRUE(console.start());
    switches.isSlow = true;
    run("disable", "m");
    run("enable", "m");
    switches.write();
    EXPECT_EQ(answers.count(), 2U);
    EXPECT_TRUE(console.isEnabled("m"));
    EXPECT_EQ(switches.off.count("m"), 0U);
}

TEST_F(ConsoleTest, RemembersWhatWasOff) {
    switches.off.insert("m");
    add("m");
    EXPECT_FALSE(console.isEnabled("m"));
}

TEST_F(ConsoleTest, LeavesAnAuditRecordOfEveryChangeAndAttempt) {
    TestModule& module = add("m");
    module.level = 1;
    ASSERT_TRUE(console.start());
    ask("m", 1);
    ask("m", 2);
    run("disable", "m");
    ASSERT_EQ(audits.size(), 3U);
    for (const std::string& line : agent.log) EXPECT_EQ(line.find(R"("body")"), std::string::npos);
    EXPECT_EQ(audits[0],
              R"({"body":{},"clientId":"u/1","id":"u","level":1,"moduleId":"m","outcome":"done"})");
    EXPECT_NE(audits[1].find(R"("outcome":"denied")"), std::string::npos);
    EXPECT_NE(audits[2].find(R"("command":"disable")"), std::string::npos);
    EXPECT_EQ(agent.events.size(), 3U);
    module.level = 2;
    ask("m", 2);
    EXPECT_EQ(audits.size(), 3U);
}

TEST_F(ConsoleTest, RecordsOnlySoManyRefusalsOfOneName) {
    TestModule& module = add("m");
    module.level = 1;
    ASSERT_TRUE(console.start());
    for (int i = 0; i < 1'000; ++i) ask("m", 2);
    EXPECT_EQ(answers.count(), 1'000U);
    EXPECT_EQ(audits.size(), 20U);
    loop.advance(seconds(1));
    run("disable", "m", 2);
    ASSERT_EQ(audits.size(), 21U);
    EXPECT_NE(audits.back().find("980 more before it were not recorded"), std::string::npos);
    ask("m", 1);  // what is done is always recorded
    EXPECT_EQ(audits.size(), 22U);
}

TEST_F(ConsoleTest, NamesTheModuleThatDoesNotStart) {
    TestModule& good = add("good");
    add("bad").throws = true;
    const auto started = console.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().detail(), "module bad failed: no start");
    console.stop();
    EXPECT_EQ(good.stops, 1);
}

TEST_F(ConsoleTest, ReplacesAModuleOfTheSameId) {
    add("m").answer = "1";
    add("m").answer = "2";
    ASSERT_TRUE(console.start());
    ask("m");
    EXPECT_EQ(answers.last(), "2");
    EXPECT_EQ(console.modules().size(), 1U);
}

}  // namespace
}  // namespace muster
