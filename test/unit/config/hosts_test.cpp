#include "common/config/hosts.hpp"

#include <array>

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace muster::config {
namespace {

TEST(Hosts, OfThisMachineAreKnown) {
    Cluster cluster;
    cluster.masterHost = "203.0.113.5";
    std::array<char, 256> name{};
    ASSERT_EQ(::gethostname(name.data(), name.size() - 1), 0);
    for (const std::string host : {"127.0.0.1", "127.0.1.1", "localhost", "::1", "0.0.0.0",
                                   "203.0.113.5", static_cast<const char*>(name.data())})
        EXPECT_TRUE(isThisHost(host, cluster)) << host;
}

TEST(Hosts, OfOthersAreNot) {
    for (const char* host : {"192.0.2.7", "2001:db8::7", "far.example", ""})
        EXPECT_FALSE(isThisHost(host, Cluster{})) << host;
}

TEST(Processors, MayBeThoseThatThisProcessMayUse) {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    ASSERT_EQ(::sched_getaffinity(0, sizeof usable, &usable), 0);
    Server server;
    EXPECT_FALSE(mayBind(server, Cluster{}));
    for (const int cpu : {0, 1, 2, 1023, 1024, 4095}) {
        server.cpu = cpu;
        const bool isUsable =
            cpu < CPU_SETSIZE && CPU_ISSET(static_cast<std::size_t>(cpu), &usable);
        EXPECT_EQ(mayBind(server, Cluster{}), isUsable) << cpu;
    }
}

}  // namespace
}  // namespace muster::config
