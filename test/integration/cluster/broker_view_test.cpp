#include "test/integration/cluster/cluster_fixture.hpp"

#include <set>

namespace muster::test {

class ClusterBrokerView : public ClusterFixture {
protected:
    Json json(std::vector<std::string> arguments) {
        arguments.push_back("--json");
        const Ran ran = muster(std::move(arguments));
        EXPECT_EQ(ran.status, 0) << ran.output;
        return Json::parse(ran.output, nullptr, false);
    }
};

TEST_F(ClusterBrokerView, ShowsWhatGoesOnAndDisconnects) {
    startAll();
    std::set<std::string> clients;
    for (const Json& row : json({"broker", "clients"}))
        clients.insert(row.value("clientId", std::string()));
    EXPECT_EQ(clients.count("chat-1"), 1U);
    EXPECT_GE(json({"broker", "stats"}).value("connectedClients", 0), 4);
    EXPECT_GE(json({"broker", "subscriptions", "--client", "chat-1"}).size(), 1U);
    EXPECT_GE(json({"broker", "retained", "muster/+/presence/#"}).size(), 3U);
    EXPECT_EQ(json({"broker", "slow"}).size(), 0U);
    EXPECT_EQ(muster({"broker", "disconnect", "chat-1"}).status, 0);
    EXPECT_EQ(muster({"broker", "disconnect", "nobody"}).status, 3);
    EXPECT_TRUE(eventually(10s, [&] { return areAllReady(); })) << "it comes back";
    const Ran ran = muster({"broker", "trace", "--topic", "muster/#", "--timeout", "3s"});
    EXPECT_EQ(ran.status, 0) << ran.output;
}

}  // namespace muster::test
