#include "common/process/keeper_protocol.hpp"
#include "common/process/process_identity.hpp"
#include "modules/supervisor/notify_socket.hpp"
#include "modules/supervisor/server_spec.hpp"
#include "modules/supervisor/server_status.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace muster {

using namespace supervisor;

TEST(ProcStat, ReadsANameWithSpacesAndParentheses) {
    const auto stat =
        parseProcStat("42 (a (b) c) S 7 42 42 0 -1 0 1 2 3 4 11 12 0 0 20 0 3 0 9999 1000 55 0 0");
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->parent, 7);
    EXPECT_EQ(stat->startTicks, 9999U);
    EXPECT_EQ(stat->rssPages, 55U);
    EXPECT_EQ(stat->threads, 3);
}

TEST(ProcStat, RefusesWhatIsNone) {
    for (const char* text : {"", "42", "42 (x)", "42 (x) S", "42 (x) S a b c d e f g"})
        EXPECT_FALSE(parseProcStat(text)) << text;
}

TEST(ProcessIdentity, KnowsThisProcessAndNotOneThatStartedAtAnotherTime) {
    const auto stat = readProcStat(::getpid());
    ASSERT_TRUE(stat);
    ProcessIdentity self{::getpid(), stat->startTicks, currentBootId(), ""};
    EXPECT_TRUE(isRunning(self));
    self.startTicks += 1;
    EXPECT_FALSE(isRunning(self));
    EXPECT_FALSE(signalProcess(self, 0));
}

TEST(ProcessIdentity, IsVoidAfterAReboot) {
    const auto stat = readProcStat(::getpid());
    EXPECT_FALSE(isRunning({::getpid(), stat->startTicks, "another boot", ""}));
}

TEST(FrameReader, CutsAStreamWhereverItIsSplit) {
    const std::string stream = keeper::frame("one") + keeper::frame("") + keeper::frame("three");
    keeper::FrameReader reader(100);
    std::vector<std::string> texts;
    for (const char byte : stream) {
        reader.feed(std::string_view(&byte, 1));
        for (auto text = reader.next(); text && *text; text = reader.next())
            texts.push_back(**text);
    }
    EXPECT_EQ(texts, (std::vector<std::string>{"one", "", "three"}));
}

TEST(FrameReader, RefusesAFrameAboveItsBound) {
    keeper::FrameReader atBound(5);
    atBound.feed(keeper::frame("12345"));
    EXPECT_TRUE(atBound.next());
    keeper::FrameReader above(4);
    above.feed(keeper::frame("12345"));
    EXPECT_FALSE(above.next());
}

TEST(KeeperProtocol, BringsASpawnOver) {
    keeper::Request request;
    request.op = keeper::Request::Op::Spawn;
    request.seq = 9;
    ProcessSettings settings;
    settings.umask = 077;
    settings.pidsMax = 5;
    request.spawn = {"one",  "12345678", {"a", "b c"}, {"MUSTER_NONCE=12345678"},
                     "/tmp", "nobody",   settings,     "ready"};
    const auto decoded = keeper::decodeRequest(keeper::encode(request));
    ASSERT_TRUE(decoded) << decoded.error().detail();
    EXPECT_EQ(decoded->spawn, request.spawn);
    EXPECT_EQ(decoded->seq, 9U);
}

TEST(KeeperProtocol, RefusesHostileRequests) {
    for (const char* text :
         {"", "7", "{}", R"({"op":"dance"})", R"({"op":"signal","id":"../x","nonce":"12345678"})",
          R"({"op":"signal","id":"one","nonce":"1"})",
          R"({"op":"signal","id":"one","nonce":"12345678","signal":65})",
          R"({"op":"spawn","id":"one","nonce":"12345678"})",
          R"({"op":"spawn","id":"muster-node","nonce":"12345678","argv":["a"]})",
          R"({"op":"spawn","id":"one","nonce":"12345678","argv":["a"]})",
          R"({"op":"spawn","id":"one","nonce":"12345678","argv":["a\u0000"]})",
          R"({"op":"spawn","id":"one","nonce":"12345678","argv":[7]})"})
        EXPECT_FALSE(keeper::decodeRequest(text)) << text;
}

TEST(Notify, ReadsWhatIsKnownAndSkipsTheRest) {
    const auto message =
        parseNotify("READY=1\nSTATUS=well\nX_MUSTER_BUSY=12\nX_MUSTER_DRAINING=1\nnonsense");
    EXPECT_TRUE(message.isReady);
    EXPECT_EQ(message.busy, 12);
    EXPECT_EQ(message.isDraining, true);
    EXPECT_FALSE(message.isStopping);
}

TEST(Notify, SkipsNumbersThatAreNone) {
    for (const char* text : {"X_MUSTER_BUSY=", "X_MUSTER_BUSY=-1", "X_MUSTER_BUSY=1x",
                             "X_MUSTER_BUSY=99999999999999999999"})
        EXPECT_EQ(parseNotify(text), NotifyMessage{}) << text;
}

TEST(ServerSpec, BringsItselfOver) {
    ServerSpec spec;
    spec.id = "chat-1";
    spec.type = "chat";
    spec.port = 4000;
    spec.argv = {"/bin/chat", "--id=chat-1"};
    spec.env = {{"A", "b=c"}};
    spec.cwd = "/srv";
    spec.user = "games";
    spec.restart.when = config::RestartPolicy::When::OnFailure;
    spec.restart.max = 3;
    spec.stop.signal = 2;
    spec.readiness.kind = config::Readiness::Kind::Log;
    spec.readiness.pattern = "listening";
    spec.isPomelo = true;
    const auto decoded = decodeSpec(encode(spec));
    ASSERT_TRUE(decoded) << decoded.error().detail();
    EXPECT_EQ(*decoded, spec);
}

TEST(ServerSpec, RefusesWhatCannotBeRun) {
    for (const char* text :
         {"", "[]", R"({"id":"a b","argv":["x"]})", R"({"id":"a"})", R"({"id":"a","argv":[]})",
          R"({"id":"a","argv":["x"],"cwd":"relative"})",
          R"({"id":"a","argv":["x"],"env":{"":"y"}})",
          R"({"id":"a","argv":["x"],"readiness":{"kind":"log"}})"})
        EXPECT_FALSE(decodeSpec(text)) << text;
}

TEST(ExitStatus, IsDescribedWithTheLineThatSaysWhy) {
    keeper::ExitStatus exit;
    exit.isKnown = true;
    exit.code = 1;
    EXPECT_EQ(describe(exit), "exit status 1");
    exit.lastLines = {"/game/app.js:3", "Error: no database", "    at Error (x.js:1:2)",
                      "Node.js v20"};
    EXPECT_EQ(describe(exit), "exit status 1: Error: no database");
    exit.lastLines = {"bye", "now"};
    EXPECT_EQ(describe(exit), "exit status 1: now");
}

TEST(ExitStatus, SaysThatTheMemoryWasOut) {
    keeper::ExitStatus exit;
    exit.isKnown = true;
    exit.signal = 9;
    exit.isOutOfMemory = true;
    exit.memoryLimit = 256 << 20;
    EXPECT_EQ(describe(exit), "out of memory (limit 256 MiB)");
}

TEST(NodeReport, BringsItselfOverAndRefusesNonsense) {
    NodeReport report;
    ServerStatus status;
    status.id = "chat-1";
    status.state = ServerState::Backoff;
    status.exit = keeper::ExitStatus{true, 0, 9, true, 5, 6};
    status.exit->lastLines = {"Error: x", "  at y"};
    status.exit->isOutOfMemory = true;
    status.exit->memoryLimit = 1 << 20;
    status.exit->remnants = 2;
    status.exit->remaining = 1;
    status.nextTryMs = 7;
    status.cgroup = "/sys/fs/cgroup/muster/one";
    status.busy = 4;
    report.servers.push_back(status);
    report.events.push_back({"exited", "killed", 5});
    const auto decoded = decodeReport(encode(report));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->servers, report.servers);
    EXPECT_EQ(decoded->events, report.events);
    for (const char* text : {"", "{}", R"({"op":"status"})", R"({"op":"status","servers":[7]})",
                             R"({"op":"status","servers":[{"id":"a","state":"happy"}]})"})
        EXPECT_FALSE(decodeReport(text)) << text;
}

}  // namespace muster
