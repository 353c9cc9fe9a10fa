#include "test/unit/monitor/monitor_rig.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Membership, IsRegisteredOncePresenceIsAcknowledgedAndALeaderIsSeen) {
    MonitorRig rig;
    rig.start();
    EXPECT_THAT(rig.events, ElementsAre("Connected"));
    EXPECT_EQ(rig.presenceState(), "online");
    rig.master.lead(1);
    rig.run();
    EXPECT_THAT(rig.events, ElementsAre("Connected", "Registered"));
}

TEST(Membership, ConnectsAsItselfWithAWillThatSaysOffline) {
    MonitorRig rig([](MonitorOptions& options) { options.token = "secret"; });
    rig.start();
    const auto& options = rig.broker.options("area-1");
    EXPECT_EQ(options.username, "area-1");
    EXPECT_EQ(options.password, "secret");
    ASSERT_TRUE(options.will);
    EXPECT_TRUE(options.will->retain);
    EXPECT_NE(options.will->payload.find("\"offline\""), std::string::npos);
    EXPECT_NE(options.will->payload.find(rig.agent->self().incarnation), std::string::npos);
}

TEST(Membership, SaysItsPresenceAgainWhenAnOlderWillComesLate) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.drop("area-1", true);
    rig.advance(2s);
    EXPECT_EQ(rig.presenceState(), "online");
    rig.broker.publishLostWill();
    EXPECT_EQ(rig.presenceState(), "offline");
    rig.advance(1s);
    EXPECT_EQ(rig.presenceState(), "online");
}

TEST(Membership, DoesNotArgueWithItsOwnPresence) {
    MonitorRig rig;
    rig.startWithLeader();
    (void)rig.broker.takePublished();
    rig.agent->setState(PresenceState::Ready);
    rig.advance(10s);
    int published = 0;
    for (const auto& message : rig.broker.takePublished())
        if (message.topic == rig.master.topics.presence("area-1")) ++published;
    EXPECT_EQ(published, 1);
    EXPECT_EQ(rig.presenceState(), "ready");
}

TEST(Membership, SaysItsPresenceAgainToALeaderThatCameBack) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->setState(PresenceState::Ready);
    rig.run();
    const std::string before = rig.presence();
    rig.advance(1s);
    (void)rig.broker.takePublished();
    rig.master.lead(1);
    rig.advance(10s);
    int published = 0;
    for (const auto& message : rig.broker.takePublished())
        if (message.topic == rig.master.topics.presence("area-1")) ++published;
    EXPECT_EQ(published, 1);
    EXPECT_NE(rig.presence(), before);
    EXPECT_EQ(rig.presenceState(), "ready");
}

TEST(Membership, TellsManyBusyCountsAsOne) {
    MonitorRig rig;
    rig.startWithLeader();
    (void)rig.broker.takePublished();
    for (int i = 1; i <= 100; ++i) rig.agent->setBusy(i);
    rig.advance(1s);
    EXPECT_EQ(rig.broker.takePublished().size(), 1U);
    EXPECT_NE(rig.presence().find("\"busy\":100"), std::string::npos);
}

TEST(Membership, RegistersAgainAfterALossWithTheSameIncarnation) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.drop("area-1");
    rig.run();
    EXPECT_EQ(rig.presenceState(), "offline");
    rig.advance(1s);
    EXPECT_THAT(rig.events,
                ElementsAre("Connected", "Registered", "Disconnected", "Connected", "Registered"));
    EXPECT_EQ(rig.presenceState(), "online");
    EXPECT_NE(rig.presence().find(rig.agent->self().incarnation), std::string::npos);
}

TEST(Membership, LogsOnceWhyThereIsNoMaster) {
    MonitorRig rig;
    rig.broker.setDown(true);
    rig.start();
    rig.advance(10min);
    const auto told = [&] {
        return std::count_if(rig.lines.begin(), rig.lines.end(), [](const std::string& line) {
            return line.starts_with("no master: ");
        });
    };
    EXPECT_EQ(told(), 1);
    rig.broker.setDown(false);
    rig.master.lead(1);
    rig.advance(30s);
    rig.broker.drop("area-1");
    rig.run();
    EXPECT_EQ(told(), 2);
}

TEST(Membership, KeepsTryingWhileTheBrokerIsDown) {
    MonitorRig rig;
    rig.broker.setDown(true);
    rig.start();
    rig.advance(10min);
    EXPECT_THAT(rig.events, Contains("Disconnected"));
    rig.broker.setDown(false);
    rig.master.lead(1);
    rig.advance(30s);
    EXPECT_TRUE(rig.agent->isRegistered());
}

TEST(Membership, SaysThatItWasRefusedAndTriesAgainAtTheCap) {
    MonitorRig rig;
    rig.broker.refuse("area-1");
    rig.start();
    EXPECT_THAT(rig.events, ElementsAre("Refused"));
    rig.broker.refuse("area-1", false);
    rig.master.lead(1);
    rig.advance(29s);
    EXPECT_FALSE(rig.agent->isRegistered());
    rig.advance(1s);
    EXPECT_TRUE(rig.agent->isRegistered());
}

TEST(Membership, CountsADeniedPresenceAsARefusal) {
    MonitorRig rig;
    rig.broker.denyPublish(rig.master.topics.presence("area-1"));
    rig.start();
    EXPECT_THAT(rig.events, ElementsAre("Connected", "Refused"));
    EXPECT_FALSE(rig.broker.isConnected("area-1"));
}

TEST(Membership, YieldsToAnotherProcessOfItsIdForTheCap) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.takeOver("area-1");
    rig.advance(29s);
    EXPECT_THAT(rig.events, ElementsAre("Connected", "Registered", "TakenOver"));
    EXPECT_FALSE(rig.broker.isConnected("area-1"));
    rig.advance(1s);
    EXPECT_TRUE(rig.agent->isRegistered());
}

TEST(Membership, YieldsAlsoIfTheBrokerDoesNotSayWhyItCutTheConnection) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.drop("area-1");
    mqtt::Message other;
    other.topic = rig.master.topics.presence("area-1");
    other.payload = R"({"state":"online","incarnation":"of-another-process"})";
    other.retain = true;
    rig.broker.publish(other);
    rig.advance(5s);
    EXPECT_EQ(rig.events.back(), "TakenOver");
    EXPECT_FALSE(rig.broker.isConnected("area-1"));
}

TEST(Membership, DoesNotObeyAForeignCluster) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.drop("area-1");
    rig.master.lead(1, "uid-2");
    rig.advance(5s);
    EXPECT_FALSE(rig.agent->isRegistered());
    EXPECT_THAT(rig.lines, Contains(::testing::HasSubstr("not obeyed")));
}

TEST(Membership, IgnoresAnUnreadableLeaderRecord) {
    MonitorRig rig;
    for (const char* record : {"", "x", "[]", "{}", R"({"epoch":"1","clusterUid":"u"})",
                               R"({"epoch":0,"clusterUid":"u"})", R"({"epoch":1,"clusterUid":""})"})
        rig.master.sendRaw("leader", record);
    rig.start();
    for (const char* record : {"x", "[]", "{}", R"({"epoch":1.5,"clusterUid":"u"})"}) {
        rig.master.sendRaw("leader", record);
        rig.run();
    }
    EXPECT_FALSE(rig.agent->isRegistered());
    rig.master.lead(1);
    rig.run();
    EXPECT_TRUE(rig.agent->isRegistered());
}

TEST(Membership, LeavesWithACleanGoodbyeAndWithoutItsWill) {
    MonitorRig rig;
    rig.startWithLeader();
    (void)rig.broker.takePublished();
    rig.close();
    EXPECT_EQ(rig.presenceState(), "offline");
    EXPECT_EQ(rig.broker.takePublished().size(), 1U);
    EXPECT_FALSE(rig.broker.isConnected("area-1"));
}

TEST(Membership, SaysNothingAfterItsGoodbye) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->close([] {});
    rig.agent->setState(PresenceState::Stopping);
    rig.advance(2s);
    EXPECT_EQ(rig.presenceState(), "offline");
}

TEST(Membership, LeavesInTimeWhenNobodyAcknowledgesTheGoodbye) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.broker.holdAcks(true);
    bool isClosed = false;
    rig.agent->close([&] { isClosed = true; });
    rig.advance(999ms);
    EXPECT_FALSE(isClosed);
    rig.advance(1ms);
    EXPECT_TRUE(isClosed);
}

TEST(Membership, LeavesNoTimerBehind) {
    MonitorRig rig;
    rig.startWithLeader();
    rig.agent->request(
        "x", "{}", [](const Result<JsonText>&) {}, 10s);
    rig.agent->setBusy(1);
    rig.run();
    rig.close();
    EXPECT_EQ(rig.loop->timers(), 0U);
}

}  // namespace
}  // namespace muster::test
