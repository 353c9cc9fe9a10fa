#include "master/cluster/state_mirror.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_broker.hpp"
#include "test/support/memory_store.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StateMirrorTest : public testing::Test, protected mqtt::ClientObserver {
protected:
    StateMirrorTest() {
        mqtt::ConnectOptions options;
        options.clientId = "leader";
        client->connect(options, *this);
    }
    ~StateMirrorTest() override { client->close(); }
    void onConnected(bool) override { mirror.connected(); }
    void onMessage(const mqtt::Message& message) override { mirror.message(message); }
    void onLost(std::string_view, bool) override { mirror.lost(); }

    std::vector<std::string> topics() {
        std::vector<std::string> out;
        for (const auto& [topic, message] : broker.retained()) out.push_back(topic);
        return out;
    }
    void retain(const std::string& topic) {
        mqtt::Message message;
        message.topic = topic;
        message.payload = "{}";
        message.retain = true;
        broker.publish(message);
    }

    test::ManualLoop loop;
    test::MemoryBroker broker{loop};
    test::MemoryStore store{loop};
    std::unique_ptr<test::MemoryClient> client = broker.makeClient();
    StateMirror mirror{loop, store, *client, wire::Topics("c")};
};

TEST_F(StateMirrorTest, PublishesWhatTheStoreHoldsWithVersionAndTime) {
    store.put("server/chat-1", R"({"desired":"running"})");
    store.put("order/x", "{}");
    store.put("server/a/b", "{}");
    loop.run();
    EXPECT_THAT(topics(), ElementsAre("muster/c/state/server/chat-1"));
    EXPECT_EQ(broker.retained().begin()->second.payload,
              R"({"v":1,"time":"2027-01-15T08:00:00.000Z","desired":"running"})");
}

TEST_F(StateMirrorTest, FollowsChangesAndErasures) {
    loop.run();
    store.put("cron/1", R"({"x":1})");
    store.put("module/echo", R"({"x":1})");
    loop.run();
    store.put("cron/1", R"({"x":2})");
    store.erase("module/echo");
    loop.run();
    ASSERT_THAT(topics(), ElementsAre("muster/c/state/cron/1"));
    EXPECT_THAT(broker.retained().begin()->second.payload, HasSubstr("\"x\":2"));
}

TEST_F(StateMirrorTest, DoesNotEncodeKeysAgain) {
    store.put("server/a%20b", "{}");
    loop.run();
    EXPECT_THAT(topics(), ElementsAre("muster/c/state/server/a%20b"));
}

TEST_F(StateMirrorTest, ClearsOrphansOfTheBroker) {
    retain("muster/c/state/server/old");
    retain("muster/c/state/worker/foreign");
    retain("muster/c/presence/old");
    retain("muster/other/state/server/old");
    store.put("server/new", "{}");
    loop.run();
    EXPECT_THAT(topics(), ElementsAre("muster/c/presence/old", "muster/c/state/server/new",
                                      "muster/other/state/server/old"));
}

TEST_F(StateMirrorTest, PublishesEverythingAgainAfterAReconnect) {
    store.put("server/a", "{}");
    loop.run();
    broker.setDown(true);
    loop.run();
    store.put("server/a", R"({"x":2})");
    store.put("server/b", "{}");
    retain("muster/c/state/server/ghost");
    broker.setDown(false);
    loop.advance(60s);
    EXPECT_THAT(topics(), ElementsAre("muster/c/state/server/a", "muster/c/state/server/b"));
    EXPECT_THAT(broker.retained().begin()->second.payload, HasSubstr("\"x\":2"));
    EXPECT_EQ(mirror.pending(), 0U);
}

TEST_F(StateMirrorTest, SweepsForAWhileOnly) {
    loop.advance(11s);
    retain("muster/c/state/server/late");
    loop.run();
    EXPECT_THAT(topics(), ElementsAre("muster/c/state/server/late"));
}

TEST_F(StateMirrorTest, BoundsWhatIsUnacknowledged) {
    loop.run();
    broker.takePublished();
    broker.holdAcks(true);
    for (int i = 0; i < 1000; ++i) store.put("server/s" + std::to_string(i), "{}");
    loop.run();
    EXPECT_EQ(broker.takePublished().size(), StateMirror::kMaxInFlight);
    EXPECT_EQ(mirror.pending(), 1000U);
    broker.holdAcks(false);
    broker.drop("leader");
    loop.advance(60s);
    EXPECT_EQ(broker.retained().size(), 1000U);
    EXPECT_EQ(mirror.pending(), 0U);
}

TEST_F(StateMirrorTest, TriesAgainWhatWasRefused) {
    broker.denyPublish("muster/c/state/server/a");
    store.put("server/a", "{}");
    store.put("server/b", "{}");
    loop.advance(3s);
    EXPECT_THAT(topics(), ElementsAre("muster/c/state/server/b"));
    EXPECT_GT(mirror.pending(), 0U);
}

TEST_F(StateMirrorTest, IsSilentOnceStopped) {
    loop.run();
    mirror.stop();
    store.put("server/a", "{}");
    loop.advance(60s);
    EXPECT_THAT(topics(), IsEmpty());
}

TEST_F(StateMirrorTest, WrapsRecordsThatAreNoObjects) {
    store.put("server/a", "5");
    store.put("server/b", "nonsense");
    loop.run();
    EXPECT_THAT(broker.retained().at("muster/c/state/server/a").payload, HasSubstr("\"value\":5"));
    EXPECT_THAT(broker.retained().at("muster/c/state/server/b").payload,
                HasSubstr("\"value\":null"));
}

}  // namespace
}  // namespace muster
