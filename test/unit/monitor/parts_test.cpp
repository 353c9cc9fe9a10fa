#include "monitor/identity.hpp"
#include "monitor/loop.hpp"
#include "monitor/node_link.hpp"
#include "monitor/notify_queue.hpp"
#include "monitor/own_presence.hpp"
#include "monitor/pomelo_shapes.hpp"
#include "monitor/recent_requests.hpp"
#include "test/support/eventually.hpp"
#include "test/support/temp_dir.hpp"

#include <atomic>
#include <cstring>
#include <future>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(NotifyQueue, HoldsBackWhatIsOverItsWindow) {
    NotifyQueue queue(10, 2);
    for (const char* body : {"1", "2", "3"}) queue.push("m", body);
    EXPECT_EQ(queue.next()->body, "1");
    const auto second = queue.next();
    EXPECT_FALSE(queue.next());
    queue.acknowledged(second->number);
    EXPECT_EQ(queue.next()->body, "3");
}

TEST(NotifyQueue, GivesWhatCameBackAtItsOldPlace) {
    NotifyQueue queue(10);
    for (const char* body : {"1", "2", "3"}) queue.push("m", body);
    const auto first = queue.next();
    const auto second = queue.next();
    queue.returned(second->number);
    queue.returned(first->number);
    queue.returned(first->number);
    EXPECT_EQ(queue.next()->body, "1");
    EXPECT_EQ(queue.next()->body, "2");
    EXPECT_EQ(queue.next()->body, "3");
    EXPECT_FALSE(queue.next());
}

TEST(NotifyQueue, DropsWhatWaitsBeforeWhatIsSent) {
    NotifyQueue queue(2);
    queue.push("m", "1");
    const auto first = queue.next();
    queue.push("m", "2");
    EXPECT_TRUE(queue.push("m", "3"));
    queue.acknowledged(first->number);
    EXPECT_EQ(queue.next()->body, "3");
    EXPECT_EQ(queue.dropped(), 1U);
    EXPECT_EQ(queue.size(), 1U);
}

TEST(OwnPresence, RepeatsOnlyWhatIsNotItsOwnWord) {
    OwnPresence presence("mine");
    presence.said("1");
    presence.said("2");
    EXPECT_FALSE(presence.mustRepeat("old will"));  // "1" and "2" come after it
    EXPECT_FALSE(presence.mustRepeat("1"));
    EXPECT_FALSE(presence.mustRepeat("2"));
    EXPECT_FALSE(presence.mustRepeat("2"));
    EXPECT_TRUE(presence.mustRepeat("old will"));
    EXPECT_TRUE(presence.mustRepeat(""));
}

TEST(OwnPresence, KnowsANewerLifeFromAnOlderOne) {
    const std::string older = R"({"incarnation":"older","state":"offline"})";
    const std::string newer = R"({"incarnation":"newer","state":"offline"})";
    const std::string mine = R"({"incarnation":"mine"})";
    OwnPresence presence("mine");
    presence.connected();
    EXPECT_FALSE(presence.showsNewerLife(older));
    presence.registered();
    presence.connected();
    EXPECT_FALSE(presence.showsNewerLife(older));
    EXPECT_FALSE(presence.showsNewerLife("[]"));
    EXPECT_TRUE(presence.showsNewerLife(newer));
    presence.connected();
    EXPECT_FALSE(presence.showsNewerLife(mine));
    EXPECT_FALSE(presence.showsNewerLife(newer));  // live: it cannot be newer than this connection
}

TEST(RecentRequests, KnowsARepushByItsTextAndForAWhile) {
    using Verdict = RecentRequests::Verdict;
    const TimePoint start{1h};
    RecentRequests recent;
    EXPECT_EQ(recent.decide("1", 1, "a", start).verdict, Verdict::Execute);
    EXPECT_EQ(recent.decide("\"1\"", 1, "a", start).verdict, Verdict::Wait);
    EXPECT_THAT(recent.finished("1", 1, JsonText("7")), ElementsAre("1", "\"1\""));
    EXPECT_EQ(recent.decide("\"1\"", 1, "a", start + 30s).verdict, Verdict::Repeat);
    EXPECT_EQ(recent.decide("\"1\"", 1, "b", start).verdict, Verdict::Execute);
    EXPECT_EQ(recent.decide("\"1\"", 1, "b", start + 31s).verdict, Verdict::Execute);
}

TEST(RecentRequests, IsBounded) {
    RecentRequests recent;
    const TimePoint start{1h};
    for (std::uint64_t i = 1; i <= 5000; ++i) (void)recent.decide(std::to_string(i), i, "a", start);
    EXPECT_EQ(recent.decide("\"1\"", 1, "a", start).verdict, RecentRequests::Verdict::Execute);
}

TEST(PomeloShapes, LeaveOtherAnswersAlone) {
    EXPECT_EQ(pomeloShape("m", R"({"signal":"list"})", "1"), "1");
    EXPECT_EQ(pomeloShape("__console__", R"({"signal":"list"})", R"({"rss":"x"})"),
              R"({"rss":"x"})");
    EXPECT_EQ(pomeloShape("__console__", "{", "1"), "1");
}

TEST(PomeloShapes, LetAWholeSystemInfoPass) {
    EXPECT_EQ(dangerOf("systemInfo", R"({"body":{"iostat":{"disk":{},"cpu":{}}}})"), "");
    EXPECT_NE(dangerOf("systemInfo", R"({"body":{"iostat":{}}})"), "");
    EXPECT_NE(dangerOf("systemInfo", ""), "");
    EXPECT_EQ(dangerOf("m", "{}"), "");
}

TEST(MonitorIdentity, RefusesUnusableOptionsByName) {
    const auto refusal = [](const std::function<void(MonitorOptions&)>& spoil) {
        MonitorOptions options;
        options.id = "a";
        options.type = "t";
        spoil(options);
        const auto identity = makeIdentity(options);
        return identity ? std::string("fine") : identity.error().detail();
    };
    using ::testing::HasSubstr;
    EXPECT_EQ(refusal([](MonitorOptions&) {}), "fine");
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.id = ""; }), HasSubstr("id ''"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.id = "a/b"; }), HasSubstr("id"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.id = "master"; }), HasSubstr("id"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.id = "__proto__"; }), HasSubstr("id"));
    EXPECT_EQ(refusal([](MonitorOptions& o) { o.id = std::string(64, 'x'); }), "fine");
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.id = std::string(65, 'x'); }), HasSubstr("id"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.type = "#"; }), HasSubstr("type"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.cluster = "+"; }), HasSubstr("cluster"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.master = "http://x"; }), HasSubstr("master"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.port = 65536; }), HasSubstr("port"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.info = "[]"; }), HasSubstr("info"));
    EXPECT_THAT(refusal([](MonitorOptions& o) { o.info = "{"; }), HasSubstr("info"));
}

TEST(ThreadLoop, RunsTasksInOrderAndTimersInTime) {
    ThreadLoop loop;
    std::promise<std::string> done;
    std::string order;
    loop.post([&] {
        order += "1";
        loop.after(20ms, [&] { order += "4"; });
        const auto never = loop.after(10ms, [&] { order += "x"; });
        loop.cancel(never);
        loop.after(0ms, [&] { order += "3"; });
        loop.after(30ms, [&] { done.set_value(order); });
    });
    loop.post([&] { order += "2"; });
    const auto result = done.get_future().get();
    EXPECT_TRUE(result == "1234" || result == "1324") << result;
}

TEST(ThreadLoop, SurvivesATaskThatThrows) {
    ThreadLoop loop;
    loop.post([] { throw 1; });
    std::promise<void> done;
    loop.post([&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(5s), std::future_status::ready);
}

TEST(ThreadLoop, StopsInTimeThoughATaskHangs) {
    auto release = std::make_shared<std::promise<void>>();
    auto hang = release->get_future().share();
    {
        ThreadLoop loop;
        loop.post([hang] { hang.wait(); });
        loop.stop(10ms);
        loop.post([] { ADD_FAILURE() << "ran after stop()"; });
    }
    release->set_value();
}

TEST(ThreadLoop, MayBeStoppedByItsOwnTask) {
    auto loop = std::make_shared<ThreadLoop>();
    std::promise<void> done;
    loop->post([&done, loop]() mutable {
        loop->stop();
        loop.reset();
        done.set_value();
    });
    loop.reset();
    EXPECT_EQ(done.get_future().wait_for(5s), std::future_status::ready);
}

class NodeSocket {
public:
    explicit NodeSocket(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@') address.sun_path[0] = '\0';
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        isBound_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) == 0;
    }
    ~NodeSocket() { ::close(fd_); }
    bool isBound() const { return isBound_; }
    std::string receive() const {
        char buffer[256];
        const auto size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
        return size < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
    }

private:
    int fd_;
    bool isBound_ = false;
};

TEST(NodeLink, SpeaksToAPathAndToAnAbstractName) {
    TempDir dir;
    for (const std::string& name :
         {dir.str() + "/notify", "@muster-test-" + std::to_string(::getpid())}) {
        NodeSocket node(name);
        ASSERT_TRUE(node.isBound()) << name;
        NodeLink link({name, 500'000us});
        EXPECT_TRUE(link.ready());
        EXPECT_EQ(node.receive(), "READY=1");
        EXPECT_EQ(link.heartbeat(), 250ms);
    }
}

TEST(NodeLink, IsSilentWithoutANode) {
    const std::string tooLong = "/" + std::string(200, 'x');
    for (const std::string& name : {std::string(), std::string("@"), std::string("relative"),
                                    std::string("/nowhere/notify"), tooLong}) {
        NodeLink link({name, std::nullopt});
        EXPECT_FALSE(link.ready()) << name;
        EXPECT_FALSE(link.heartbeat());
    }
}

TEST(NodeLink, SaysAllOfItAgainWithEveryHeartbeat) {
    TempDir dir;
    NodeSocket node(dir.str() + "/notify");
    NodeLink link({dir.str() + "/notify", 500'000us});
    link.beat();
    EXPECT_EQ(node.receive(), "WATCHDOG=1\n");
    link.ready();
    link.busy(3);
    link.draining(true);
    for (const char* word : {"READY=1", "X_MUSTER_BUSY=3", "X_MUSTER_DRAINING=1"})
        EXPECT_EQ(node.receive(), word);
    link.beat();
    EXPECT_EQ(node.receive(), "WATCHDOG=1\nREADY=1\nX_MUSTER_DRAINING=1\nX_MUSTER_BUSY=3\n");
}

TEST(NodeLink, CatchesUpOnceTheNodeIsBack) {
    TempDir dir;
    NodeLink link({dir.str() + "/notify", 500'000us});
    EXPECT_TRUE(link.catchUp());
    EXPECT_FALSE(link.ready());
    EXPECT_FALSE(link.stopping());
    EXPECT_FALSE(link.catchUp());
    NodeSocket node(dir.str() + "/notify");
    EXPECT_TRUE(link.catchUp());
    EXPECT_EQ(node.receive(), "READY=1\nSTOPPING=1\n");
    EXPECT_TRUE(link.catchUp());
    EXPECT_EQ(node.receive(), "");
}

}  // namespace
}  // namespace muster::test
