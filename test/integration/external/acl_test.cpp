// The printed ACL on a real Mosquitto, against the table of docs/protocol.md ("Identities").
#include "test/integration/external/mosquitto_cluster.hpp"

namespace muster {
namespace {

class MosquittoAclTest : public test::MosquittoCluster {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(configure()); }

    /// One topic of every kind there is, as the parties of a cluster use them.
    static std::vector<std::string> everyTopic() {
        return {"leader",
                "presence/chat-1",
                "presence/chat-2",
                "to/master/chat-1",
                "to/master/chat-2",
                "to/master/ann",
                "to/master/admin",
                "to/master/anonymous",
                "to/monitor/chat-1",
                "to/monitor/chat-2",
                "to/type/chat",
                "to/type/gate",
                "to/type/node",
                "to/all",
                "reply/chat-1/r",
                "reply/chat-2/r",
                "reply/master/chat-1",
                "reply/master/chat-2",
                "reply/ann/x",
                "reply/admin/x",
                "reply/anonymous/x",
                "state/server/chat-1",
                "state/module/m",
                "event/ready/chat-1",
                "event/ready/chat-2",
                "metric/chat-1",
                "metric/chat-2",
                "log/chat-1/stdout",
                "log/chat-2/stdout",
                "bus/topic/news"};
    }
    /// Of everyTopic(), what `user` may publish.
    std::vector<std::string> publishable(const std::string& user) const {
        auto topics = everyTopic();
        std::erase_if(topics, [&](const auto& topic) { return !mayPublish(user, topic); });
        return topics;
    }
    /// Of everyTopic(), what `user` receives; `last` must be readable and comes last.
    std::vector<std::string> readable(const std::string& user, const std::string& last) const {
        auto topics = everyTopic();
        const std::string text = received(user, topics, last);
        std::erase_if(topics, [&](const auto& topic) {
            return text.find("muster/game/" + topic + "\n") == std::string::npos;
        });
        return topics;
    }
    using Topics = std::vector<std::string>;
};

TEST_F(MosquittoAclTest, AServerSpeaksOnlyForItself) {
    EXPECT_EQ(
        publishable("chat-1"),
        (Topics{"presence/chat-1", "to/master/chat-1", "reply/master/chat-1", "event/ready/chat-1",
                "metric/chat-1", "log/chat-1/stdout", "bus/topic/news"}));
}

TEST_F(MosquittoAclTest, AServerReadsOnlyWhatIsForIt) {
    EXPECT_EQ(readable("chat-1", "reply/chat-1/end"),
              (Topics{"leader", "presence/chat-1", "to/monitor/chat-1", "to/type/chat", "to/all",
                      "reply/chat-1/r", "bus/topic/news"}));
}

TEST_F(MosquittoAclTest, AdministratorsOnlyAskTheMaster) {
    EXPECT_EQ(publishable("ann"), (Topics{"to/master/ann"}));
    EXPECT_EQ(publishable("admin"), (Topics{"to/master/admin"}));
    EXPECT_EQ(publishable(""), (Topics{"to/master/anonymous"}));
}

TEST_F(MosquittoAclTest, AdministratorsReadStateAndTheirOwnAnswers) {
    const auto expected = [](const std::string& own) {
        return Topics{"leader",
                      "presence/chat-1",
                      "presence/chat-2",
                      own,
                      "state/server/chat-1",
                      "state/module/m",
                      "event/ready/chat-1",
                      "event/ready/chat-2",
                      "metric/chat-1",
                      "metric/chat-2",
                      "log/chat-1/stdout",
                      "log/chat-2/stdout"};
    };
    EXPECT_EQ(readable("ann", "reply/ann/end"), expected("reply/ann/x"));
    EXPECT_EQ(readable("", "reply/anonymous/end"), expected("reply/anonymous/x"));
}

TEST_F(MosquittoAclTest, NobodyGetsInWithTheWrongPassword) {
    for (const char* user : {"master", "admin", "chat-1", "ann", "nobody"}) {
        const auto tried = test::ClusterProcess::runProgram(
            {"mosquitto_pub", "-p", std::to_string(mosquitto_->port()), "-V", "mqttv5", "-u", user,
             "-P", "wrong", "-t", "muster/game/to/master/anonymous", "-m", "{}"});
        EXPECT_NE(tried.status, 0) << user;
    }
}

}  // namespace
}  // namespace muster
