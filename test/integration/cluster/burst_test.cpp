#include "test/integration/cluster/cluster_fixture.hpp"

#include <fstream>

namespace muster::test {

class ClusterBurst : public ClusterFixture {
protected:
    Json asAdministrator(const std::string& module, const std::string& body) {
        AdminClientOptions options;
        options.url = "mqtt://127.0.0.1:" + std::to_string(port());
        options.cluster = "test";
        options.username = "admin";
        std::ifstream(file(".muster/admin.token")) >> options.password;
        options.timeout = 50s;
        AdminClient client(std::move(options));
        EXPECT_TRUE(client.connect());
        const auto answer = client.request(module, body);
        EXPECT_TRUE(answer) << (answer ? "" : answer.error().detail());
        return answer ? Json::parse(*answer) : Json::object();
    }
};

// Five times what a queue takes: the sender is told when it is full, and nothing is lost.
TEST_F(ClusterBurst, OfNotifiesArrivesWhole) {
    setMode("chat", "bench");
    setMaster({{"modules", {"bench"}}});
    Child& master = startAll();
    const Json result =
        asAdministrator("bench", R"({"op":"notify","total":50000,"size":64,"target":"chat-1"})");
    EXPECT_EQ(result.value("got", 0), 50000) << result << master.output(100ms);
    // Nobody read its log meanwhile: more than a pipe takes would have stopped it.
    EXPECT_LT(master.output(100ms).size(), 16'384U) << master.output(100ms);
    EXPECT_TRUE(areAllReady()) << Json(rows()).dump(1);
}

}  // namespace muster::test
