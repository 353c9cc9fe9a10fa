#include "common/wire/topics.hpp"

#include <gtest/gtest.h>

namespace muster::wire {
namespace {

TEST(Topics, AreThoseOfTheProtocol) {
    const Topics topics("default");
    EXPECT_EQ(topics.root(), "muster/default");
    EXPECT_EQ(topics.leader(), "muster/default/leader");
    EXPECT_EQ(topics.presence("a"), "muster/default/presence/a");
    EXPECT_EQ(topics.toMaster("a"), "muster/default/to/master/a");
    EXPECT_EQ(topics.toMonitor("a"), "muster/default/to/monitor/a");
    EXPECT_EQ(topics.toType("t"), "muster/default/to/type/t");
    EXPECT_EQ(topics.toAll(), "muster/default/to/all");
    EXPECT_EQ(topics.reply("master", "a"), "muster/default/reply/master/a");
    EXPECT_EQ(topics.state("server", "a"), "muster/default/state/server/a");
    EXPECT_EQ(topics.event("ready", "a"), "muster/default/event/ready/a");
    EXPECT_EQ(topics.metric("a"), "muster/default/metric/a");
    EXPECT_EQ(topics.log("a", "stdout"), "muster/default/log/a/stdout");
}

TEST(Topics, TellWhatStandsBelowTheirRoot) {
    const Topics topics("c");
    EXPECT_EQ(topics.relative("muster/c/to/all"), "to/all");
    EXPECT_FALSE(topics.relative("muster/c").has_value());
    EXPECT_FALSE(topics.relative("muster/cc/to/all").has_value());
    EXPECT_FALSE(topics.relative("other/c/x").has_value());
}

TEST(Ids, HaveOneTo64CharactersOfTheAlphabet) {
    EXPECT_TRUE(isValidId("connector-server_1.A"));
    EXPECT_TRUE(isValidId(std::string(64, 'a')));
    for (const std::string& id :
         {std::string(), std::string(65, 'a'), std::string("."), std::string(".."),
          std::string("a/b"), std::string("a+"), std::string("#"), std::string("a b"),
          std::string("ä"), std::string("a\0b", 3)})
        EXPECT_FALSE(isValidId(id)) << id;
}

TEST(PercentEncoding, MakesOneSafeLevelOfAnyName) {
    EXPECT_EQ(percentEncode("room 1/ä+#"), "room%201%2F%C3%A4%2B%23");
    EXPECT_EQ(percentEncode(".."), "%2E%2E");
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    EXPECT_EQ(percentDecode(percentEncode(every)), every);
}

TEST(PercentEncoding, HasOneFormForAName) {
    for (const char* level : {"%", "%4", "%zz", "%2f", "%41", "a/b", "ä", ".", "%2E"})
        EXPECT_EQ(percentDecode(level).has_value(), std::string_view(level) == "%2E") << level;
}

}  // namespace
}  // namespace muster::wire
