#include "modules/console/arguments.hpp"
#include "modules/console/console_master.hpp"
#include "test/unit/console/fake_agent.hpp"

#include <muster/json.hpp>

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

namespace muster::modules {
namespace {

using test::Answers;
using test::FakeAgent;
using Kind = ServerOutcome::Kind;

class FakeControl final : public ServerControl {
public:
    bool isManaged(const std::string& id) const override { return managed.count(id) > 0; }
    void start(Selection selection, std::chrono::milliseconds, OutcomesReply done) override {
        note("start", selection, done);
    }
    void stop(Selection selection, std::chrono::milliseconds, OutcomesReply done) override {
        note("stop", selection, done);
    }
    void restart(Selection selection, std::chrono::milliseconds, OutcomesReply done) override {
        note("restart", selection, done);
    }
    void kill(Selection selection, std::chrono::milliseconds, OutcomesReply done) override {
        note("kill", selection, done);
    }
    void add(JsonText entry, AddReply done) override {
        log.push_back("add " + entry);
        if (entry.find("serverType") == std::string::npos)
            return done(Error(Errc::BadMessage, "serverType is missing"));
        done(std::vector<std::string>{"new-1"});
    }
    std::set<std::string> managed;
    std::vector<std::string> log;
    std::map<std::string, Kind> kinds;

private:
    void note(const std::string& what, const Selection& selection, const OutcomesReply& done) {
        std::string line = what + " type=" + selection.type;
        std::vector<ServerOutcome> outcomes;
        const std::vector<std::string> all(managed.begin(), managed.end());
        const bool isAll = selection.ids.empty() && selection.type.empty();
        for (const auto& id : isAll ? all : selection.ids) {
            line += " " + id;
            const auto kind = kinds.find(id);
            outcomes.push_back({id, kind == kinds.end() ? Kind::Done : kind->second, "because"});
        }
        log.push_back(line);
        done(std::move(outcomes));
    }
};

class FakeCrons final : public CronStore {
public:
    std::vector<config::Cron> crons() const override {
        std::vector<config::Cron> all;
        for (const auto& [id, cron] : kept) all.push_back(cron);
        return all;
    }
    void add(const config::Cron& cron, Done done) override {
        waiting.push_back([this, cron, done = std::move(done)] {
            if (isFull) return done(Error(Errc::Failed, "the disk is full"));
            const bool isNew = kept.emplace(cron.id, cron).second;
            done(isNew ? Result<void>() : Result<void>(Errc::Conflict));
        });
        if (!isSlow) write();
    }
    void erase(const std::string& id, Done done) override {
        waiting.push_back([this, id, done = std::move(done)] {
            if (isFull) return done(Error(Errc::Failed, "the disk is full"));
            kept.erase(id);
            done({});
        });
        if (!isSlow) write();
    }
    void write() {
        for (auto& one : std::exchange(waiting, {})) one();
    }
    std::map<std::string, config::Cron> kept;
    std::vector<std::function<void()>> waiting;
    bool isSlow = false;
    bool isFull = false;
};

class ConsoleModuleTest : public testing::Test {
protected:
    void SetUp() override { console.start(agent); }
    void joins(const std::string& id, bool isPomelo = false, const std::string& type = "chat") {
        ServerInfo server;
        server.id = id;
        server.type = type;
        server.isPomelo = isPomelo;
        agent.joins(server);
    }
    std::string ask(const std::string& body) {
        console.clientHandler(agent, {"u", "u/1", 1}, body, answers.reply());
        return answers.last();
    }

    FakeAgent agent;
    FakeControl control;
    FakeCrons crons;
    Answers answers;
    int ends = 0;
    ConsoleMaster console{
        {&control, &crons, [] { return std::time_t{1'800'000'000}; }, [this] { ++ends; }}};
};

TEST_F(ConsoleModuleTest, LetsEverybodyLookAndOnlyLevel1Change) {
    EXPECT_EQ(console.requiredLevel(R"({"signal":"list"})"), 2);
    EXPECT_EQ(console.requiredLevel(R"({"signal":"listCrons"})"), 2);
    for (const char* body :
         {R"({"signal":"stop"})", R"({"signal":"restart"})", R"({"signal":"addCron"})",
          R"({"signal":"blacklist"})", "{}", "", "[]", "rubbish"})
        EXPECT_EQ(console.requiredLevel(body), 1) << body;
}

TEST_F(ConsoleModuleTest, JudgesTheSignalThatItWouldCarryOut) {
    EXPECT_EQ(console.requiredLevel(R"({"signal":"list","signal":"kill"})"), 1);
    EXPECT_EQ(console.requiredLevel(R"({"sign\u0061l":"stop","signal":"list"})"), 2);
    EXPECT_EQ(console.requiredLevel(R"({"signal":"list","sign\u0061l":"stop"})"), 1);
}

TEST_F(ConsoleModuleTest, ListsPomeloAndNativeServersInOneShape) {
    EXPECT_EQ(ask(R"({"signal":"list"})"), R"({"msg":{}})");
    joins("n");
    joins("p", true);
    joins("silent");
    joins("node-1", false, "node");
    console.clientHandler(agent, {}, R"({"signal":"list"})", answers.reply());
    ASSERT_EQ(agent.requests.size(), 3U);
    agent.answer(
        JsonText(R"({"serverId":"n","serverType":"chat","pid":7,"rss":1048576,"uptime":90})"));
    agent.answer(
        JsonText(R"({"serverId":"p","body":{"serverId":"p","rss":"67.33","uptime":"0.12"}})"));
    agent.answer(Errc::Timeout);
    EXPECT_EQ(answers.last(),
              R"({"msg":{"n":{"heapTotal":"1.00","heapUsed":"1.00","pid":7,"rss":"1.00",)"
              R"("serverId":"n","serverType":"chat","uptime":"1.50"},)"
              R"("p":{"rss":"67.33","serverId":"p","uptime":"0.12"}}})");
}

TEST_F(ConsoleModuleTest, StopsManagedServersThroughSupervisionAndOthersByMessage) {
    control.managed = {"m"};
    joins("m");
    joins("p", true);
    EXPECT_EQ(ask(R"({"signal":"stop","ids":["m","p"]})").substr(0, 70),
              R"({"results":[{"detail":"because","id":"m","outcome":"done"},{"detail":")");
    EXPECT_EQ(control.log.back(), "stop type= m");
    EXPECT_EQ(agent.log.back(), R"(notify p __console__ {"signal":"stop"})");
    EXPECT_EQ(ends, 0);
}

TEST_F(ConsoleModuleTest, NamesServersItCannotStop) {
    EXPECT_EQ(ask(R"({"signal":"stop","ids":["x"]})"),
              "unknown_server: x: Cannot find the server to stop.");
    control.managed = {"m"};
    control.kinds["m"] = Kind::TimedOut;
    EXPECT_EQ(ask(R"({"signal":"stop","ids":["m"]})"), "failed: m: because");
    EXPECT_EQ(answers.count(), 2U);
}

TEST_F(ConsoleModuleTest, StopsEverythingAndSaysSo) {
    control.managed = {"m"};
    joins("p", true);
    joins("node-1", false, "node");
    EXPECT_NE(ask(R"({"signal":"stop","ids":[]})").find(R"("status":"all")"), std::string::npos);
    EXPECT_EQ(control.log.back(), "stop type= m");
    EXPECT_EQ(agent.log, std::vector<std::string>{R"(notify p __console__ {"signal":"stop"})"});
    EXPECT_EQ(ends, 1);
}

TEST_F(ConsoleModuleTest, RestartsManagedServersAndNamesTheOthers) {
    control.managed = {"m", "n"};
    joins("p", true);
    EXPECT_EQ(ask(R"({"signal":"restart","ids":["m","p","x"]})"), R"(["p","x"])");
    control.kinds["n"] = Kind::Failed;
    EXPECT_EQ(ask(R"({"signal":"restart","ids":["m","n"]})"), R"(["n"])");
    EXPECT_EQ(ask(R"({"signal":"restart","ids":["n"]})"),
              "failed: all servers start failed. n: because");
    EXPECT_EQ(ask(R"({"signal":"restart","ids":["x"]})"),
              "unknown_server: all servers start failed.");
    EXPECT_EQ(ask(R"({"signal":"restart","type":"nope"})"),
              "unknown_server: restart servers with unknown server type: nope");
    control.kinds.clear();
    EXPECT_EQ(ask(R"({"signal":"restart"})"), "[]");
}

TEST_F(ConsoleModuleTest, KillsAllAndNamesWhatRemains) {
    control.managed = {"m"};
    joins("p", true);
    console.clientHandler(agent, {}, R"({"signal":"kill","ids":[]})", answers.reply());
    EXPECT_EQ(control.log.back(), "kill type= m");
    agent.answer(JsonText("\"p\""));
    EXPECT_EQ(answers.last(), R"({"code":"ok"})");
    EXPECT_EQ(ends, 1);
    console.clientHandler(agent, {}, R"({"signal":"kill"})", answers.reply());
    agent.answer(Errc::Timeout);
    EXPECT_EQ(answers.last(), R"({"code":"remained","serverIds":["p"]})");
    EXPECT_EQ(ask(R"({"signal":"kill","ids":["x"]})"), R"({"code":"remained","serverIds":["x"]})");
    EXPECT_EQ(ends, 1);  // whoever remained has to be seen, and tried again
}

TEST_F(ConsoleModuleTest, DoesNotEndTheMasterWhileAServerStillRuns) {
    control.managed = {"m"};
    control.kinds["m"] = Kind::TimedOut;
    EXPECT_EQ(ask(R"({"signal":"stop","ids":[]})"), "failed: m: because");
    EXPECT_EQ(ask(R"({"signal":"kill","ids":[]})"), R"({"code":"remained","serverIds":["m"]})");
    EXPECT_EQ(ends, 0);
    control.kinds.clear();
    EXPECT_EQ(ask(R"({"signal":"kill","ids":["m"]})"), R"({"code":"ok"})");
    EXPECT_EQ(ends, 0);
}

TEST_F(ConsoleModuleTest, AsksTheServersOnceForAllWhoListThemAtOnce) {
    joins("p", true);
    for (int i = 0; i < 3; ++i) ask(R"({"signal":"list"})");
    ASSERT_EQ(agent.requests.size(), 1U);
    agent.answer(JsonText(R"({"serverId":"p","body":{"serverId":"p"}})"));
    ASSERT_EQ(answers.count(), 3U);
    EXPECT_EQ(answers.all()[0], R"({"msg":{"p":{"serverId":"p"}}})");
    EXPECT_EQ(answers.all()[2], answers.all()[0]);
    ask(R"({"signal":"list"})");
    EXPECT_EQ(agent.requests.size(), 1U);  // anew
}

TEST(ConsoleModule, ListsTheMasterToo) {
    FakeAgent agent;
    Answers answers;
    ConsoleDeps deps;
    deps.self.id = "master-server-1";
    deps.self.type = "master";
    ConsoleMaster console{std::move(deps)};
    console.clientHandler(agent, {}, R"({"signal":"list"})", answers.reply());
    const auto answer = parseJson(answers.last());
    ASSERT_TRUE(answer && answer->contains("msg")) << answers.last();
    const auto& row = answer->at("msg").at("master-server-1");
    EXPECT_EQ(row.at("serverType"), "master");
    EXPECT_EQ(row.at("pid"), ::getpid());
    EXPECT_GE(std::stod(row.at("uptime").get<std::string>()), 0.0);
    for (const char* key : {"rss", "heapTotal", "heapUsed"})
        EXPECT_GT(std::stod(row.at(key).get<std::string>()), 0.0) << key;
}

TEST_F(ConsoleModuleTest, AddsServersFromArguments) {
    EXPECT_EQ(
        ask(R"({"signal":"add","args":["serverType=chat","id=c-9","port=0123","clientPort=80","q=a=b=c","frontend=true"]})"),
        R"({"ids":["new-1"],"status":"ok"})");
    EXPECT_EQ(
        control.log.back(),
        R"(add {"clientPort":80,"frontend":true,"id":"c-9","port":"0123","q":"a=b=c","serverType":"chat"})");
    EXPECT_EQ(ask(R"({"signal":"add","args":["host=x"]})"), "bad_message: serverType is missing");
    for (const char* args :
         {R"(["foo"])", R"(["=x"])", R"(["a=1","a=2"])", "[]", "[7]", "\"a=1\"", "{}"})
        EXPECT_EQ(ask(R"({"signal":"add","args":)" + std::string(args) + "}").substr(0, 12),
                  "bad_message:")
            << args;
}

TEST_F(ConsoleModuleTest, AddsCronsToPomeloServersAndKeepsThem) {
    joins("p", true);
    const char* add =
        R"({"signal":"addCron","args":["id=8","time=0 30 10 * * *","action=chat.send","serverId=p"]})";
    EXPECT_EQ(ask(add), R"({"status":"ok"})");
    EXPECT_EQ(agent.log.back(),
              R"(notify p __console__ {"cron":{"action":"chat.send","id":"8","serverId":"p",)"
              R"("time":"0 30 10 * * *"},"signal":"addCron"})");
    EXPECT_EQ(ask(add), "conflict: cron 8 exists: remove it first");
    EXPECT_NE(ask(R"({"signal":"listCrons"})").find(R"("next":)"), std::string::npos);
    agent.log.clear();
    joins("p", true);  // a new life has lost it
    EXPECT_EQ(agent.log.size(), 1U);
    EXPECT_EQ(ask(R"({"signal":"removeCron","args":["id=8","serverId=p"]})"), R"({"status":"ok"})");
    EXPECT_TRUE(crons.kept.empty());
}

TEST_F(ConsoleModuleTest, AcknowledgesCronsWhenTheStoreHasThem) {
    joins("p", true);
    const char* add =
        R"({"signal":"addCron","args":["id=8","time=0 30 10 * * *","action=chat.send","serverId=p"]})";
    const char* remove = R"({"signal":"removeCron","args":["id=8","serverId=p"]})";
    crons.isSlow = true;
    ask(add);
    ask(add);  // before the first is kept
    EXPECT_EQ(answers.count(), 0U);
    EXPECT_TRUE(agent.log.empty());
    crons.write();
    EXPECT_EQ(answers.all(),
              (std::vector<std::string>{R"({"status":"ok"})",
                                        "conflict: cron 8 exists: remove it first"}));
    EXPECT_EQ(agent.log.size(), 1U);
    ask(remove);
    EXPECT_EQ(answers.count(), 2U);
    crons.write();
    EXPECT_EQ(answers.last(), R"({"status":"ok"})");
    EXPECT_EQ(agent.log.size(), 2U);
}

TEST_F(ConsoleModuleTest, ChangesNoCronThatCannotBeKept) {
    joins("p", true);
    crons.isFull = true;
    EXPECT_EQ(
        ask(R"({"signal":"addCron","args":["id=8","time=* * * * * *","action=a.b","serverId=p"]})"),
        "failed: the disk is full");
    crons.kept["8"].id = "8";
    EXPECT_EQ(ask(R"({"signal":"removeCron","args":["id=8","serverId=p"]})"),
              "failed: the disk is full");
    EXPECT_TRUE(agent.log.empty());
}

TEST_F(ConsoleModuleTest, RefusesCronsThatWouldHurtAServer) {
    joins("p", true);
    joins("native");
    const auto add = [this](const std::string& args) {
        return ask(R"({"signal":"addCron","args":[)" + args + "]}");
    };
    EXPECT_EQ(add(R"("foo")").substr(0, 12), "bad_message:");
    EXPECT_EQ(add(R"("id=1","time=5/5 * * * * *","action=a.b","serverId=p")").substr(0, 26),
              "bad_message: cron: second ");
    EXPECT_EQ(add(R"("id=1","time=* * * * * *","action=a.b")").substr(0, 44),
              "bad_message: Miss necessary server parameter");
    EXPECT_EQ(add(R"("id=1","time=* * * * * *","serverId=p")").substr(0, 12), "bad_message:");
    EXPECT_EQ(add(R"("id=1","time=* * * * * *","action=a.b","serverType=gate")").substr(0, 15),
              "unknown_server:");
    EXPECT_EQ(add(R"("id=1","time=* * * * * *","action=a.b","serverId=native")").substr(0, 14),
              "not_supported:");
    EXPECT_TRUE(crons.kept.empty());
}

TEST_F(ConsoleModuleTest, BlacklistsAddressesOnly) {
    joins("p", true);
    EXPECT_EQ(ask(R"({"signal":"blacklist","args":["10.0.0.1"]})"), R"({"status":"ok"})");
    EXPECT_EQ(agent.log.back(),
              R"(notifyAll __console__ {"blacklist":["10.0.0.1"],"signal":"blacklist"})");
    for (const char* args :
         {"[]", R"(["10.0.0"])", R"(["1.2.3.400"])", R"([".*"])", R"(["1.2.3.4 "])"})
        EXPECT_EQ(ask(R"({"signal":"blacklist","args":)" + std::string(args) + "}").substr(0, 12),
                  "bad_message:");
}

TEST_F(ConsoleModuleTest, AnswersWhatItCannotRead) {
    for (const char* body : {"[]", "{", "{}", R"({"signal":"fly"})", R"({"signal":7})",
                             R"({"signal":"stop","ids":7})", R"({"signal":"stop","ids":[7]})"})
        EXPECT_EQ(ask(body).substr(0, 12), "bad_message:") << body;
}

TEST(ConsoleModule, WorksWithoutSupervision) {
    FakeAgent agent;
    Answers answers;
    ConsoleMaster console{{}};
    console.start(agent);
    for (const char* signal : {"restart", "add"}) {
        console.clientHandler(agent, {}, R"({"signal":")" + std::string(signal) + "\"}",
                              answers.reply());
        EXPECT_EQ(answers.last().substr(0, 14), "not_supported:");
    }
    console.clientHandler(agent, {}, R"({"signal":"stop","ids":[]})", answers.reply());
    EXPECT_EQ(answers.last(), R"({"results":[],"status":"all"})");
    console.clientHandler(agent, {}, R"({"signal":"listCrons"})", answers.reply());
    EXPECT_EQ(answers.last(), R"({"crons":[]})");
}

}  // namespace
}  // namespace muster::modules
