#include "master/cluster/known_servers.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class KnownServersTest : public testing::Test {
protected:
    static ServerInfo server(const std::string& id, const std::string& life = "1") {
        ServerInfo info;
        info.id = id;
        info.type = "chat";
        info.host = "h";
        info.port = 6050;
        info.pid = 5;
        info.incarnation = life;
        info.info = R"({"port":6050,"room":"a"})";
        return info;
    }
    std::vector<ServerInfo> known() { return KnownServers(store).all(); }

    test::ManualLoop loop;
    test::MemoryStore store{loop};
};

TEST_F(KnownServersTest, ThoseWhoAreHereAreKnownToTheNextMaster) {
    {
        KnownServers servers(store);
        servers.here(server("b b"));
        servers.here(server("a"));
        servers.here(server("c"));
        servers.gone("c");
        loop.run();
    }
    const auto all = known();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].id, "a");
    EXPECT_EQ(all[1].id, "b b");
    EXPECT_EQ(all[0].type, "chat");
    EXPECT_EQ(all[0].host, "h");
    EXPECT_EQ(all[0].port, 6050);
    EXPECT_EQ(all[0].pid, 5);
    EXPECT_EQ(all[0].incarnation, "1");
    EXPECT_EQ(all[0].info, R"({"port":6050,"room":"a"})");
}

TEST_F(KnownServersTest, ANewLifeReplacesTheOldOne) {
    KnownServers servers(store);
    servers.here(server("a", "1"));
    servers.here(server("a", "2"));
    loop.run();
    ASSERT_THAT(known(), SizeIs(1));
    EXPECT_EQ(known()[0].incarnation, "2");
}

TEST_F(KnownServersTest, WhatIsNoNewsIsNotWritten) {
    KnownServers servers(store);
    servers.here(server("a"));
    loop.run();
    const auto before = store.list("known/").front().modRevision;
    servers.here(server("a"));
    servers.gone("nobody");
    loop.run();
    EXPECT_EQ(store.list("known/").front().modRevision, before);
}

TEST_F(KnownServersTest, PomeloPeersAndHugeRecordsAreNotKept) {
    KnownServers servers(store);
    ServerInfo peer = server("p");
    peer.isPomelo = true;
    servers.here(peer);
    ServerInfo huge = server("h");
    servers.here(huge);
    huge.info = "{\"x\":\"" + std::string(KnownServers::kMaxInfo, 'x') + "\"}";
    servers.here(huge);
    loop.run();
    EXPECT_THAT(store.list("known/"), IsEmpty());
}

TEST_F(KnownServersTest, RecordsThatMakeNoSenseArePassedOver) {
    Transaction transaction;
    transaction.puts.push_back({"known/a", "[]"});
    transaction.puts.push_back({"known/b", "{"});
    transaction.puts.push_back({"known/c", R"({"type":1,"port":"x","info":[]})"});
    transaction.puts.push_back({"known/%zz", R"({"type":"t","incarnation":"1"})"});
    store.commit(std::move(transaction), [](auto) {});
    loop.run();
    EXPECT_THAT(known(), IsEmpty());
}

}  // namespace
}  // namespace muster
