#include "modules/echo/echo_master.hpp"
#include "modules/echo/echo_monitor.hpp"
#include "modules/process_info/process_info_master.hpp"
#include "modules/process_info/process_info_monitor.hpp"
#include "modules/system_info/host_sample.hpp"
#include "modules/system_info/system_info_master.hpp"
#include "modules/system_info/system_info_monitor.hpp"
#include "test/unit/console/fake_agent.hpp"
#include "test/unit/modules/fake_monitor_agent.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

using test::Answers;
using test::FakeAgent;
using test::FakeMonitorAgent;

ServerInfo member(const std::string& id) {
    ServerInfo server;
    server.id = id;
    return server;
}

TEST(ProcessInfo, CollectsReportsOfMembersWhileTheyAreThere) {
    FakeAgent agent;
    Answers answers;
    ProcessInfoMaster module;
    EXPECT_EQ(module.pull()->interval, std::chrono::seconds(300));
    module.start(agent);
    agent.joins(member("a"));
    module.tick(agent);
    EXPECT_EQ(agent.log.back(), "notifyAll nodeInfo ");
    module.clientHandler(agent, {}, "", answers.reply());
    EXPECT_EQ(answers.last(), "{}");
    module.masterHandler(agent, member("a"), R"({"serverId":"forged","body":{"pid":"1"}})",
                         answers.reply());
    module.clientHandler(agent, {}, "", answers.reply());
    EXPECT_EQ(answers.last(), R"({"a":{"pid":"1"}})");
    agent.leaves("a");
    module.clientHandler(agent, {}, "", answers.reply());
    EXPECT_EQ(answers.last(), "{}");
}

TEST(ProcessInfo, RefusesReportsItCannotUse) {
    FakeAgent agent;
    Answers answers;
    ProcessInfoMaster module;
    for (const std::string& body :
         {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"body":7})"),
          R"({"body":{"x":")" + std::string(300'000, 'x') + "\"}}"}) {
        module.masterHandler(agent, member("a"), body, answers.reply());
        EXPECT_EQ(answers.last().substr(0, 12), "bad_message:");
    }
}

TEST(ProcessInfo, ReportsThisProcess) {
    FakeMonitorAgent agent;
    Answers answers;
    ProcessInfoMonitor module;
    module.monitorHandler(agent, "", answers.reply());
    ASSERT_EQ(agent.notifies.size(), 1U);
    EXPECT_EQ(agent.notifies[0].substr(0, 9), "nodeInfo ");
    EXPECT_EQ(nlohmann::json::parse(answers.last())["body"]["serverId"], "chat-1");
}

TEST(SystemInfo, ShowsWhatAMonitorReports) {
    FakeMonitorAgent monitor;
    Answers answers;
    SystemInfoMonitor reporter;
    reporter.monitorHandler(monitor, "", answers.reply());
    FakeAgent agent;
    SystemInfoMaster module;
    module.masterHandler(agent, member("chat-1"), answers.last(), answers.reply());
    module.clientHandler(agent, {}, "{}", answers.reply());
    const auto row = nlohmann::json::parse(answers.last())["chat-1"];
    for (const char* key : {"Time",       "hostname",   "serverId",    "cpu_user",    "cpu_nice",
                            "cpu_system", "cpu_iowait", "cpu_steal",   "cpu_idle",    "tps",
                            "kb_read",    "kb_wrtn",    "kb_read_per", "kb_wrtn_per", "totalmem",
                            "freemem",    "free/total", "m_1",         "m_5",         "m_15"})
        EXPECT_TRUE(row.contains(key)) << key;
}

TEST(SystemInfo, TakesReportsWithoutIostatAndWithNonsense) {
    FakeAgent agent;
    Answers answers;
    SystemInfoMaster module;
    for (const char* body :
         {R"({"body":{"hostname":"h"}})", R"({"body":{"iostat":7,"loadavg":{},"totalmem":"x"}})",
          R"({"body":{"iostat":{"disk":[],"cpu":null,"date":{}},"totalmem":0,"freemem":1}})"}) {
        module.masterHandler(agent, member("a"), body, answers.reply());
        module.clientHandler(agent, {}, "", answers.reply());
        EXPECT_EQ(nlohmann::json::parse(answers.last())["a"]["serverId"], "a") << body;
    }
}

TEST(HostSample, ReadsProcessorShares) {
    const auto cpu = parseCpuShares("cpu  10 20 30 40 50 5 5 40 0 0\ncpu0 1 2\n");
    ASSERT_TRUE(cpu);
    EXPECT_DOUBLE_EQ(cpu->user, 5.0);
    EXPECT_DOUBLE_EQ(cpu->system, 20.0);
    EXPECT_DOUBLE_EQ(cpu->steal, 20.0);
    for (const char* text : {"", "cpu", "cpu 1 2", "intr 1 2 3 4 5 6 7 8", "cpu 0 0 0 0 0 0 0 0"})
        EXPECT_FALSE(parseCpuShares(text)) << text;
}

TEST(HostSample, CountsWholeDisksOnce) {
    const auto totals = parseDiskTotals(
        "   8 0 sda 10 0 200 0 5 0 100 0 0 0 0\n   8 1 sda1 9 0 190 0 5 0 100 0 0 0 0\n"
        " 259 0 nvme0n1 1 0 20 0 1 0 10 0 0 0 0\n 259 1 nvme0n1p1 1 0 20 0 1 0 10 0 0 0 0\n"
        "   7 0 loop0 99 0 99 0 0 0 0 0 0 0 0\nrubbish\n");
    EXPECT_EQ(totals.transfers, 17U);
    EXPECT_EQ(totals.readKb, 110U);
    EXPECT_EQ(totals.writtenKb, 55U);
}

TEST(HostSample, ReadsMemory) {
    EXPECT_EQ(parseMemory("MemTotal:  100 kB\nMemAvailable: 7 kB\n", "MemAvailable"), 7168U);
    EXPECT_EQ(parseMemory("MemTotal:  100 kB\n", "Mem"), 0U);
}

TEST(Echo, AnswersWhatItIsAskedOrAsksTheTarget) {
    FakeAgent agent;
    Answers answers;
    EchoMaster master;
    master.masterHandler(agent, member("a"), "[1]", answers.reply());
    EXPECT_EQ(answers.last(), "[1]");
    master.clientHandler(agent, {}, R"({"n":1})", answers.reply());
    EXPECT_EQ(answers.last(), R"({"n":1})");
    agent.joins(member("a"));
    master.clientHandler(agent, {}, R"({"target":"a","payload":{"x":1}})", answers.reply());
    EXPECT_EQ(agent.requests.front().body, R"({"x":1})");
    agent.answer(JsonText("2"));
    EXPECT_EQ(answers.last(), "2");
    FakeMonitorAgent monitor;
    EchoMonitor().monitorHandler(monitor, "7", answers.reply());
    EXPECT_EQ(answers.last(), "7");
}

}  // namespace
}  // namespace muster::modules
