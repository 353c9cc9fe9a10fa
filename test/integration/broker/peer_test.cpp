// What one read of a connection may bring, and what comes after its end, on a pair of sockets.
#include "master/mqtt/peer.hpp"

#include "master/async/asio_loop.hpp"
#include "master/async/ready_set.hpp"
#include "test/support/scripted_client.hpp"

#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

using namespace muster;
using namespace muster::mqtt;
using namespace muster::test;

namespace {

struct CountingHost final : PeerHost {
    TimePoint now() const override { return {}; }
    void flushLater(Peer&) override {}
    void readLater(Peer&) override { ++later; }
    void closing(Peer&) override {}
    void closes(int) override {}
    void done(Peer&) override {}
    int later = 0;
};

TEST(Peer, ReadsItsShareOfATurnAndTheRestLater) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    UniqueFd server(ends[0]);
    const UniqueFd client(ends[1]);
    ScriptedAccess access;
    Broker broker({}, access, "peer");
    CountingHost host;
    host.input.resize(1000);
    host.share = 100;
    Peer peer(std::move(server), host);
    peer.start(broker, {"192.0.2.1:4711", "test"});
    const std::string begun = std::string("\x10\xFF\x7F") + std::string(247, 'x');  // of a CONNECT
    ASSERT_EQ(::send(client.get(), begun.data(), begun.size(), 0), 250);
    peer.onReady(true, false, false);
    EXPECT_EQ(broker.counters().bytesReceived, 100u);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(host.later, i + 1);
        peer.read();
    }
    EXPECT_EQ(broker.counters().bytesReceived, 250u);
    EXPECT_EQ(host.later, 2);
    peer.cut("the test is over");
}

// A child process has such a copy until it calls exec.
TEST(ReadySet, TellsNothingOfASocketThatWasRemovedWhileACopyIsOpen) {
    boost::asio::io_context context;
    AsioLoop loop(context);
    ReadySet ready(loop, [] {});
    ASSERT_TRUE(ready.open());
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    UniqueFd server(ends[0]);
    const UniqueFd client(ends[1]);
    const UniqueFd copy(::dup(server.get()));
    int owner = 0;
    ASSERT_TRUE(ready.add(server.get(), &owner));
    ASSERT_EQ(ready.take().size(), 1u);  // it can be written
    ready.remove(server.get());
    server.reset();
    ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
    EXPECT_TRUE(ready.take().empty());
}

}  // namespace
