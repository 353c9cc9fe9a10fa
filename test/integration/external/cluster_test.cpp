// A whole cluster over Mosquitto: it works, and comes back by itself from every kill -9.
#include "test/integration/external/mosquitto_cluster.hpp"
#include "test/support/mqtt_bytes.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/send_signal.hpp"

namespace muster {
namespace {

using namespace std::chrono_literals;

class ExternalBrokerTest : public test::MosquittoCluster {
protected:
    /// Everything retained below state/ and presence/, as an anonymous client sees it.
    std::string retained() const {
        auto words = client("mosquitto_sub", "");
        words.insert(words.end(), {"-t", "muster/game/#", "-v", "--retained-only", "-W", "1"});
        return test::ClusterProcess::runProgram(words).output;
    }
    bool isWholeStateShown() const {
        const std::string shown = retained();
        for (const char* topic :
             {"leader {", "presence/chat-1 {", "presence/gate-1 {", "state/server/chat-1 {",
              "state/server/chat-2 {", "state/server/gate-1 {"})
            if (shown.find(std::string("muster/game/") + topic) == std::string::npos) return false;
        return true;
    }
    void publishGhost() const {
        auto words = client("mosquitto_pub", "master");
        words.insert(words.end(),
                     {"-r", "-t", "muster/game/state/server/ghost", "-m", R"({"id":"ghost"})"});
        // Until it stays: for 10 s after its connect a master clears what is not its own.
        ASSERT_TRUE(test::eventually(30s, [&] {
            return test::ClusterProcess::runProgram(words).status == 0 &&
                   retained().find("state/server/ghost") != std::string::npos;
        }));
    }
    std::string persistence() const {
        return "persistence true\npersistence_location " + cluster_.directory().str() +
               "/\nautosave_on_changes true\nautosave_interval 1\n";
    }
};

TEST_F(ExternalBrokerTest, CarriesTheWholeLifeOfACluster) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    EXPECT_TRUE(test::eventually(20s, [&] { return isWholeStateShown(); })) << retained();

    const auto before = cluster_.pids();
    const auto stopped = cluster_.run({"stop", "chat-1"});
    EXPECT_EQ(stopped.status, 0) << stopped.output;
    EXPECT_EQ(cluster_.rows()["chat-1"].value("state", ""), "stopped");
    const auto started = cluster_.run({"start", "chat-1"});
    EXPECT_EQ(started.status, 0) << started.output;
    const auto restarted = cluster_.run({"restart", "chat-2"});
    EXPECT_EQ(restarted.status, 0) << restarted.output;
    EXPECT_TRUE(cluster_.isReady());
    const auto after = cluster_.pids();
    EXPECT_NE(after.at("chat-1"), before.at("chat-1"));
    EXPECT_NE(after.at("chat-2"), before.at("chat-2"));
    EXPECT_EQ(after.at("gate-1"), before.at("gate-1"));
}

TEST_F(ExternalBrokerTest, TheClusterReturnsAfterTheBrokerWasKilledAndForgotEverything) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const auto before = cluster_.pids();
    mosquitto_->kill();
    mosquitto_->start();
    EXPECT_TRUE(test::eventually(45s, [&] { return isWholeStateShown(); })) << retained();
    EXPECT_TRUE(test::eventually(45s, [&] { return cluster_.isReady(); })) << cluster_.log();
    EXPECT_EQ(cluster_.pids(), before);
    const auto restarted = cluster_.run({"restart", "chat-1"});
    EXPECT_EQ(restarted.status, 0) << restarted.output;
}

TEST_F(ExternalBrokerTest, WhatABrokerKeptOfAnotherTimeIsSwept) {
    ASSERT_NO_FATAL_FAILURE(configure(persistence()));
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const auto before = cluster_.pids();
    ASSERT_NO_FATAL_FAILURE(publishGhost());
    mosquitto_->kill();
    mosquitto_->start();
    EXPECT_TRUE(test::eventually(45s, [&] {
        return cluster_.isReady() && isWholeStateShown() &&
               retained().find("ghost") == std::string::npos;
    })) << retained();
    EXPECT_EQ(cluster_.pids(), before);
}

TEST_F(ExternalBrokerTest, AnOrderThatTheBrokerLostIsSentAgain) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const pid_t node = cluster_.nodePid();
    ASSERT_GT(node, 1);
    test::sendSignal(node, SIGSTOP);  // it does not return to the broker before the order was given
    mosquitto_->kill();
    mosquitto_->start();
    EXPECT_TRUE(
        test::eventually(20s, [&] { return retained().find("leader {") != std::string::npos; }));
    const auto early = cluster_.run({"stop", "chat-1", "--timeout", "2s"});
    test::sendSignal(node, SIGCONT);
    EXPECT_EQ(early.status, 5) << early.output;
    EXPECT_TRUE(test::eventually(30s, [&] {
        return cluster_.rows()["chat-1"].value("state", "") == "stopped";
    })) << cluster_.log();
}

TEST_F(ExternalBrokerTest, AKilledMasterFindsItsServersAgain) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const auto before = cluster_.pids();
    cluster_.killMaster();
    cluster_.startMaster();
    EXPECT_TRUE(test::eventually(20s, [&] { return cluster_.isReady(); })) << cluster_.log();
    EXPECT_EQ(cluster_.pids(), before);
    const auto restarted = cluster_.run({"restart", "gate-1"});
    EXPECT_EQ(restarted.status, 0) << restarted.output;
}

TEST_F(ExternalBrokerTest, CtrlCDoesNotWaitLongForABrokerThatIsAway) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    mosquitto_->kill();
    cluster_.signalMaster(SIGINT);
    EXPECT_EQ(cluster_.endOfMaster(20s), 4) << cluster_.log();
    EXPECT_NE(cluster_.log().find("the servers were not stopped, they go on"), std::string::npos);
}

TEST_F(ExternalBrokerTest, CtrlCGoesOnWhenTheBrokerIsBack) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const auto before = cluster_.pids();
    mosquitto_->kill();
    cluster_.signalMaster(SIGINT);
    ASSERT_TRUE(test::eventually(
        5s, [&] { return cluster_.log().find("waiting 10 s for it") != std::string::npos; }));
    mosquitto_->start();
    EXPECT_EQ(cluster_.endOfMaster(60s), 0) << cluster_.log();
    for (const auto& [id, pid] : before)
        EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid))) << id;
}

TEST_F(ExternalBrokerTest, PomelosPeersGoOnUsingTheMastersPort) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    const auto port = static_cast<std::uint16_t>(cluster_.port());
    test::RawClient monitor(port);
    monitor.send(
        test::pomeloConnect() +
        test::publish0("register",
                       R"({"id":"area-1","type":"monitor","serverType":"area","pid":7,)"
                       R"("info":{"id":"area-1","serverType":"area","host":"h","port":9}})"));
    const std::string answer = monitor.receiveUntil(R"("code":1)", 5s);
    EXPECT_NE(answer.find(R"("code":1)"), std::string::npos) << answer;
    EXPECT_TRUE(test::eventually(20s, [&] { return cluster_.rows().count("area-1") == 1; }));
    EXPECT_TRUE(test::eventually(
        20s, [&] { return retained().find("presence/area-1 {") != std::string::npos; }));

    mosquitto_->kill();
    mosquitto_->start();
    EXPECT_TRUE(test::eventually(45s, [&] {
        return retained().find("presence/area-1 {") != std::string::npos;
    })) << retained();
}

TEST_F(ExternalBrokerTest, NativeMqttOnTheMastersPortIsSentElsewhere) {
    ASSERT_NO_FATAL_FAILURE(configure());
    ASSERT_TRUE(cluster_.start()) << cluster_.log();
    test::RawClient native(static_cast<std::uint16_t>(cluster_.port()));
    native.send(test::connect5("x", "ann", "ann-password"));
    const std::string answer = native.receive(4, 5s);
    ASSERT_EQ(answer.size(), 4U);
    EXPECT_EQ(answer[0], '\x20');  // CONNACK
    EXPECT_EQ(answer[3], '\x9C');  // Use another server
}

}  // namespace
}  // namespace muster
