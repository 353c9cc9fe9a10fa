#include "console/commands/mosquitto_files.hpp"

#include "common/config/cluster_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

config::Cluster cluster() {
    config::Cluster cluster;
    cluster.name = "game";
    cluster.broker.password = "master-password";
    config::Server server;
    server.id = "chat-1";
    server.type = "chat";
    cluster.servers.push_back(server);
    return cluster;
}

TEST(MosquittoAcl, LetsAMonitorSpeakOnlyAsItself) {
    const auto acl = mosquittoAcl(cluster(), {"node-h1"});
    ASSERT_TRUE(acl);
    const std::string block = acl->substr(acl->find("user chat-1\n"));
    EXPECT_THAT(block, HasSubstr("topic readwrite muster/game/presence/chat-1\n"));
    EXPECT_THAT(block, HasSubstr("topic write muster/game/to/master/chat-1\n"));
    EXPECT_THAT(block, HasSubstr("topic read muster/game/to/monitor/chat-1\n"));
    EXPECT_THAT(block, HasSubstr("topic read muster/game/to/type/chat\n"));
    EXPECT_THAT(block, HasSubstr("user node-h1\n"));
    EXPECT_THAT(block, Not(HasSubstr("state")));
}

TEST(MosquittoAcl, GivesAdministratorsNothingOfAMonitors) {
    auto with = cluster();
    with.users.push_back({"1", "ann", "secret", 1});
    const auto acl = mosquittoAcl(with, {"node-h1"});
    EXPECT_THAT(*acl, Not(HasSubstr("pattern ")));
    const auto begin = acl->find("user ann\n");
    const auto block = acl->substr(begin, acl->find("\n\n", begin) - begin);
    EXPECT_THAT(block, HasSubstr("topic write muster/game/to/master/ann"));
    EXPECT_THAT(block, Not(HasSubstr("bus/")));
    EXPECT_THAT(block, Not(HasSubstr("topic write muster/game/presence")));
}

TEST(MosquittoAcl, StartsWithWhatAnonymousMayDo) {
    const auto acl = mosquittoAcl(cluster(), {"node-h1"});
    const auto anonymous = acl->find("topic write muster/game/to/master/anonymous");
    EXPECT_LT(anonymous, acl->find("user master"));
    EXPECT_THAT(*acl, HasSubstr("user master\ntopic readwrite muster/game/#\n"));
}

TEST(MosquittoAcl, RefusesNamesThatWouldWriteTheirOwnRules) {
    for (const char* name : {"a\ntopic readwrite #", "#", "+", "", "a b", "master", "anonymous"}) {
        auto bad = cluster();
        bad.users.push_back({"1", name, "pw", 2});
        EXPECT_FALSE(mosquittoAcl(bad, {"node-h1"})) << name;
    }
    auto bad = cluster();
    bad.name = "a/#";
    EXPECT_FALSE(mosquittoAcl(bad, {"node-h1"}));
}

TEST(MosquittoAcl, LeavesOutForeignIdsThatSpeakPomelosProtocol) {
    auto foreign = cluster();
    foreign.servers[0].id = "chat server\nuser evil";
    EXPECT_THAT(*mosquittoAcl(foreign, {"node-h1"}), Not(HasSubstr("evil")));
}

TEST(MosquittoPasswords, AreOneLinePerIdentity) {
    auto with = cluster();
    with.users.push_back({"1", "ann", "secret", 1});
    with.users.push_back({"2", "bob", "$argon2id$x", 1});
    const auto file =
        mosquittoPasswords(with, {"admin-token", "node-token", "server-token"}, {"node-h1"});
    ASSERT_TRUE(file);
    EXPECT_EQ(file->text,
              "master:master-password\nadmin:admin-token\nann:secret\n"
              "node-h1:node-token\nchat-1:server-token\n");
    ASSERT_EQ(file->remarks.size(), 1U);
    EXPECT_THAT(file->remarks[0], HasSubstr("bob"));
}

TEST(MosquittoPasswords, TakeTheTypesTokenWhereThereIsOne) {
    auto with = cluster();
    with.hasServerTokens = true;
    with.serverTokens.push_back({"chat", "chat-token"});
    EXPECT_THAT(mosquittoPasswords(with, {"a", "n", "s"}, {})->text,
                HasSubstr("chat-1:chat-token\n"));
}

}  // namespace
}  // namespace muster::cli
