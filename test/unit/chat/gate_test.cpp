#include "examples/chat/gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat {
namespace {

using testing::HasSubstr;
using testing::Not;

Gate gate() {
    Gate gate({{"/", "<html>"}, {"/app.js", "js"}, {"/style.css", "css"}});
    gate.onConnectors({{"connector-1", "connector", "127.0.0.1", 0, 3010},
                       {"connector-2", "connector", "10.0.0.7", 0, 3011}});
    return gate;
}

TEST(Gate, SpreadsBrowsersOverConnectors) {
    Gate g = gate();
    EXPECT_THAT(g.answer({"/connector", "play.example:3014"}).body,
                HasSubstr("ws://play.example:3010/"));
    EXPECT_THAT(g.answer({"/connector", "play.example:3014"}).body,
                HasSubstr("ws://10.0.0.7:3011/"));
    EXPECT_THAT(g.answer({"/connector", ""}).body, HasSubstr("ws://127.0.0.1:3010/"));
}

TEST(Gate, SaysThatNoConnectorIsUp) {
    Gate g({});
    EXPECT_EQ(g.answer({"/connector", "h"}).status, 503);
}

TEST(Gate, ServesItsThreeFilesAndNothingElse) {
    Gate g = gate();
    EXPECT_EQ(g.answer({"/", "h"}).body, "<html>");
    EXPECT_EQ(g.answer({"/app.js", "h"}).type, "text/javascript; charset=utf-8");
    for (const char* path : {"/x", "/../etc/passwd", "//", "", "/index.html"}) {
        EXPECT_EQ(g.answer({path, "h"}).status, 404) << path;
    }
}

TEST(Gate, AllowsThePageNoMoreThanItNeeds) {
    Gate g = gate();
    const std::string policy = g.answer({"/", "play.example:3014"}).policy;
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'"));
    EXPECT_THAT(policy, HasSubstr("ws://10.0.0.7:3011/"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

TEST(Gate, TrustsNoHostHeaderThatCouldWriteAPolicy) {
    Gate g = gate();
    for (const char* host : {"a; script-src *", "a b", "a\"", "[::1", "'self'", "a,b"}) {
        EXPECT_EQ(hostName(host), "") << host;
        EXPECT_THAT(g.answer({"/", host}).policy, Not(HasSubstr("*")));
    }
    EXPECT_EQ(hostName("[::1]:3014"), "[::1]");
    EXPECT_EQ(hostName("localhost:3014"), "localhost");
}

}  // namespace
}  // namespace chat
