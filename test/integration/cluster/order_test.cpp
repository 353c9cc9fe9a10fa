#include "test/integration/cluster/cluster_fixture.hpp"
#include "test/support/send_signal.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

namespace muster::test {

class ClusterOrders : public ClusterFixture {
protected:
    Json orders() {
        const Ran ran = muster({"orders", "-o", "json"});
        EXPECT_EQ(ran.status, 0) << ran.output;
        return Json::parse(ran.output, nullptr, false)["orders"];
    }
    std::string secret() const {
        std::ifstream file(this->file(".muster/server.token"));
        std::string token;
        std::getline(file, token);
        return token;
    }
    void expectNoSecretIn(const std::string& text) const {
        ASSERT_EQ(secret().size(), 64U);
        EXPECT_EQ(text.find(secret()), std::string::npos);
        EXPECT_EQ(text.find("swordfish"), std::string::npos);
    }
};

TEST_F(ClusterOrders, EndDone) {
    startAll();
    Json all;
    ASSERT_TRUE(eventually(5s, [&] {
        all = orders();
        return all.size() == 4 && all[0]["outcome"] == "done";
    })) << all.dump(1);
    for (const Json& order : all) EXPECT_EQ(order["outcome"], "done") << order;
    EXPECT_EQ(all[0]["body"], Json::parse(R"({"op":"start","id":"gate-1"})"));
}

TEST_F(ClusterOrders, HoldNoSecretAnywhereThatMayBeRead) {
    startAll();
    std::mutex mutex;
    std::string seen;
    AdminClientOptions options;
    options.url = "mqtt://127.0.0.1:" + std::to_string(port());
    options.cluster = "test";
    AdminClient anonymous(std::move(options));
    ASSERT_TRUE(anonymous.connect());
    ASSERT_TRUE(anonymous.subscribe("#", [&](const AdminMessage& message) {
        const std::lock_guard lock(mutex);
        seen += message.topic + " " + message.payload + "\n";
    }));
    EXPECT_EQ(muster({"restart", "gate-1"}).status, 0);
    ASSERT_TRUE(eventually(10s, [&] {
        const std::lock_guard lock(mutex);
        return seen.find("event/ready/gate-1") != std::string::npos;
    }));
    anonymous.close();
    expectNoSecretIn(seen);
    expectNoSecretIn(orders().dump());
    expectNoSecretIn(Json(rows()).dump());
    for (const char* log : {"muster-node.stderr.log", "muster-keeper.log"})
        expectNoSecretIn(this->log(log));
    for (const auto& entry : std::filesystem::directory_iterator(file(".muster"))) {
        if (!entry.path().filename().string().starts_with("muster.db")) continue;
        std::ifstream database(entry.path(), std::ios::binary);
        expectNoSecretIn({std::istreambuf_iterator<char>(database), {}});
    }
}

TEST_F(ClusterOrders, ForANodeThatIsAwayAreCarriedOutOnceWhenItReturns) {
    startAll();
    // Stopped, it neither ends nor answers: its keeper and the broker's keep-alive notice nothing.
    const pid_t node = pid("node");
    sendSignal(node, SIGSTOP);
    const Ran timedOut = muster({"restart", "gate-1", "--timeout", "2s"});
    EXPECT_EQ(timedOut.status, 5) << timedOut.output;
    EXPECT_EQ(orders()[0]["outcome"], "open");
    sendSignal(node, SIGCONT);
    ASSERT_TRUE(eventually(10s, [&] { return countOf("gate-1 ready") == 2; }));
    ASSERT_TRUE(eventually(10s, [&] { return orders()[0]["outcome"] == "done"; }));
    EXPECT_EQ(countOf("gate-1 started"), 2U);
}

TEST_F(ClusterOrders, SurviveTheMasterAndAreNotCarriedOutTwice) {
    startAll();
    const pid_t node = pid("node");
    sendSignal(node, SIGSTOP);
    EXPECT_EQ(muster({"restart", "gate-1", "--timeout", "2s"}).status, 5);
    kill9("start");
    launch();
    ASSERT_TRUE(eventually(10s, [&] { return accepts(port()); }));
    sendSignal(node, SIGCONT);
    ASSERT_TRUE(eventually(15s, [&] { return orders()[0]["outcome"] == "done"; }))
        << orders().dump(1);
    ASSERT_TRUE(eventually(15s, [&] { return areAllReady() && table() == servers(); }));
    EXPECT_EQ(countOf("gate-1 started"), 2U);
}

}  // namespace muster::test
