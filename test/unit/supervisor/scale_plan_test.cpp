#include "master/supervisor/scale_plan.hpp"

#include "modules/supervisor/next_entry.hpp"

#include <muster/json.hpp>

#include <gtest/gtest.h>

namespace muster::supervisor {

using Json = nlohmann::json;
using Ids = std::vector<std::string>;

TEST(NaturalOrder, TakesDigitsForNumbers) {
    EXPECT_TRUE(isNaturallyBefore("chat-9", "chat-10"));
    EXPECT_FALSE(isNaturallyBefore("chat-10", "chat-9"));
    EXPECT_TRUE(isNaturallyBefore("a-1-z", "a-2-b"));
    EXPECT_TRUE(isNaturallyBefore("a", "a-1"));
    EXPECT_FALSE(isNaturallyBefore("a-1", "a-1"));
    EXPECT_NE(isNaturallyBefore("a-01", "a-1"), isNaturallyBefore("a-1", "a-01"));
    EXPECT_TRUE(isNaturallyBefore("a-99999999999999999999998", "a-99999999999999999999999"));
}

TEST(ScalePlan, DoesNothingForTheNumberThatRuns) {
    const auto plan = planScale({{"a-1", true, false}, {"a-2", false, false}}, 1);
    EXPECT_TRUE(plan.starts.empty() && plan.stops.empty() && plan.removes.empty());
    EXPECT_EQ(plan.creates, 0U);
}

TEST(ScalePlan, StartsWhatIsStoppedBeforeItMakesNewOnes) {
    const auto plan =
        planScale({{"a-10", false, false}, {"a-9", false, false}, {"a-1", true, false}}, 5);
    EXPECT_EQ(plan.starts, (Ids{"a-9", "a-10"}));
    EXPECT_EQ(plan.creates, 2U);
}

TEST(ScalePlan, TakesTheHighestNumbersAwayAndForgetsOnlyAdditions) {
    const auto plan = planScale(
        {{"a-1", true, false}, {"a-2", true, false}, {"a-10", true, true}, {"a-9", false, true}},
        1);
    EXPECT_EQ(plan.removes, Ids{"a-10"});
    EXPECT_EQ(plan.stops, Ids{"a-2"});
    EXPECT_TRUE(plan.starts.empty());
    const auto none = planScale({{"a-1", true, false}}, 0);
    EXPECT_EQ(none.stops, Ids{"a-1"});
}

config::Server server(const std::string& id, const std::string& properties) {
    config::Server server;
    server.id = id;
    server.type = "chat";
    server.properties = properties;
    return server;
}

TEST(NextEntry, CopiesTheHighestNumberWithTheNextFreePorts) {
    config::Cluster cluster;
    cluster.servers = {
        server("chat-9", R"({"id":"chat-9","port":3150,"clientPort":"4000","room":"x"})"),
        server("chat-10", R"({"id":"chat-10","port":3151,"clientPort":"4001","room":"y"})"),
        server("other-1", R"({"id":"other-1","port":3152})")};
    cluster.servers.back().type = "other";
    const auto entry = nextEntry(cluster, "chat");
    ASSERT_TRUE(entry) << entry.error().detail();
    const Json json = Json::parse(*entry);
    EXPECT_EQ(json["id"], "chat-11");
    EXPECT_EQ(json["serverType"], "chat");
    EXPECT_EQ(json["port"], 3153);  // 3152 is another server's
    EXPECT_EQ(json["clientPort"], 4002);
    EXPECT_EQ(json["room"], "y");
}

TEST(NextEntry, NumbersWhatHasNoNumberAndPassesIdsThatAreTaken) {
    config::Cluster cluster;
    cluster.servers = {server("chat", R"({"id":"chat"})"), server("chat-2", R"({})")};
    cluster.servers[1].type = "other";
    const auto entry = nextEntry(cluster, "chat");
    ASSERT_TRUE(entry);
    EXPECT_EQ(Json::parse(*entry)["id"], "chat-3");
}

TEST(NextEntry, SaysWhyThereIsNone) {
    config::Cluster cluster;
    cluster.types["empty"].type = "empty";
    EXPECT_EQ(nextEntry(cluster, "nobody").error().code(), Errc::UnknownServer);
    EXPECT_EQ(nextEntry(cluster, "empty").error().code(), Errc::Conflict);
    cluster.servers = {server("chat-1", R"({"id":"chat-1","port":65535})")};
    const auto full = nextEntry(cluster, "chat");
    ASSERT_FALSE(full);
    EXPECT_NE(full.error().detail().find("no port is left"), std::string::npos);
    cluster.servers = {server("chat-1000000000", "{}")};
    EXPECT_EQ(nextEntry(cluster, "chat").error().code(), Errc::Conflict);
}

}  // namespace muster::supervisor
