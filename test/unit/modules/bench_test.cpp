#include "modules/bench/bench_master.hpp"
#include "modules/bench/bench_monitor.hpp"
#include "test/support/manual_loop.hpp"
#include "test/unit/console/fake_agent.hpp"
#include "test/unit/modules/fake_monitor_agent.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

using test::Answers;

class BenchTest : public testing::Test {
protected:
    void SetUp() override {
        for (const char* id : {"a", "b"}) {
            ServerInfo server;
            server.id = id;
            agent.joins(server);
        }
    }
    /// Plays all monitors until the run has answered.
    nlohmann::json run(const std::string& body) {
        bench.clientHandler(agent, {}, body, answers.reply());
        const std::size_t before = answers.count();
        for (int turn = 0; turn < 10'000 && answers.count() == before; ++turn) {
            if (agent.requests.empty())
                loop.advance(std::chrono::milliseconds(1));
            else
                agent.answer(agent.requests.front().body == R"({"op":"count"})"
                                 ? JsonText(R"({"n":50})")
                                 : JsonText("1"));
        }
        return nlohmann::json::parse(answers.last(), nullptr, false);
    }
    std::size_t logged(const std::string& prefix) const {
        return static_cast<std::size_t>(
            std::count_if(agent.log.begin(), agent.log.end(),
                          [&](const auto& line) { return line.rfind(prefix, 0) == 0; }));
    }

    test::ManualLoop loop;
    test::FakeAgent agent;
    Answers answers;
    BenchMaster bench{loop, {}};
};

TEST_F(BenchTest, RunsRequestsOverAllMembers) {
    const auto result = run(R"({"op":"reqrep","total":100,"inflight":16,"size":64})");
    EXPECT_EQ(result["total"], 100);
    EXPECT_EQ(result["inflight"], 16);
    for (const char* key : {"rps", "ms", "cpu", "cpuUsPerMsg", "p50", "p99", "max", "n"})
        EXPECT_TRUE(result.contains(key)) << key;
    EXPECT_EQ(logged("request a"), 50U);
    EXPECT_EQ(logged("request b"), 50U);
    EXPECT_EQ(run(R"({"op":"reqrep","total":3,"target":"b"})")["total"], 3);
    EXPECT_EQ(logged("request b"), 53U);
}

TEST_F(BenchTest, RunsNotifiesAndProvesTheirArrival) {
    const auto result = run(R"({"op":"notify","total":50,"chunk":20,"size":8})");
    EXPECT_EQ(result["got"], 50);
    EXPECT_EQ(logged("notify a bench {\"d\":\"xxxxxxxx\"}"), 50U);
}

TEST_F(BenchTest, WaitsForAFullQueueAndLosesNothing) {
    agent.refusals = 7;
    const auto result = run(R"({"op":"notify","total":50,"chunk":20,"size":8})");
    EXPECT_EQ(result["total"], 50);
    EXPECT_EQ(logged("notify a bench {\"d\":\"xxxxxxxx\"}"), 50U);
}

TEST_F(BenchTest, GivesUpOnAQueueThatStaysFull) {
    agent.refusals = 1'000'000;
    run(R"({"op":"notify","total":50})");
    loop.advance(std::chrono::seconds(31));
    EXPECT_EQ(answers.last(), "limit: its queue is full");
}

TEST_F(BenchTest, RunsRoundsOverAll) {
    EXPECT_EQ(run(R"({"op":"fanout","mode":"request","rounds":3})")["N"], 2);
    EXPECT_EQ(logged("request"), 6U);
    EXPECT_EQ(run(R"({"op":"fanout","mode":"notifyAll","rounds":3,"burst":2})")["mode"],
              "notifyAll");
    EXPECT_EQ(logged("notifyAll"), 6U);
    EXPECT_EQ(run(R"({"op":"fanout","mode":"command","rounds":2})")["rounds"], 2);
    EXPECT_EQ(logged("command enable bench"), 2U);
    EXPECT_EQ(run(R"({"op":"notifyOnly","rounds":4})")["n"], 4);
    EXPECT_EQ(logged("notifyAll"), 10U);
    EXPECT_EQ(run(R"({"op":"issue","rounds":5})")["rounds"], 5);
    EXPECT_EQ(logged("notifyAll"), 15U);
}

TEST_F(BenchTest, CountsAndEchoes) {
    const ServerInfo from;
    bench.masterHandler(agent, from, R"({"e":1,"d":"x"})", answers.reply());
    EXPECT_EQ(answers.last(), R"({"e":1,"d":"x"})");
    bench.masterHandler(agent, from, R"({"d":"x"})", answers.reply());
    EXPECT_EQ(run(R"({"op":"mcount","reset":true})")["n"], 1);
    EXPECT_EQ(run(R"({"op":"mcount"})")["n"], 0);
    EXPECT_EQ(run(R"({"op":"info","gc":1})")["monitors"], 2);
}

TEST_F(BenchTest, AnswersUnknownAndImpossibleRuns) {
    run(R"({"op":"explode"})");
    EXPECT_EQ(answers.last(), "bad_message: bench: unknown op explode");
    agent.members.clear();
    for (const char* op : {"reqrep", "notify", "fanout", "notifyOnly", "issue"}) {
        run(R"({"op":")" + std::string(op) + "\"}");
        EXPECT_EQ(answers.last().substr(0, 15), "unknown_server:");
    }
}

TEST_F(BenchTest, IsForThoseWhoMayChangeTheCluster) {
    EXPECT_EQ(bench.requiredLevel(R"({"op":"reqrep"})"), 1);
}

TEST(BenchMonitor, CountsEchoesAndBlasts) {
    test::FakeMonitorAgent agent;
    Answers answers;
    BenchMonitor bench;
    const auto ask = [&](const char* body) {
        bench.monitorHandler(agent, body, answers.reply());
        return answers.last();
    };
    ask(R"({"d":"x"})");
    ask("");
    EXPECT_EQ(ask(R"({"op":"count"})"), R"({"n":2})");
    EXPECT_EQ(ask(R"({"op":"reset"})"), R"({"n":0})");
    EXPECT_EQ(ask(R"({"e":1,"d":"y"})"), R"({"e":1,"d":"y"})");
    EXPECT_EQ(ask(R"({"op":"blast","total":3,"size":2})"), R"({"sent":3})");
    EXPECT_EQ(agent.notifies, std::vector<std::string>(3, R"(bench {"op":"n","d":"xx"})"));
}

}  // namespace
}  // namespace muster::modules
