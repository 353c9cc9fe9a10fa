#include "modules/supervisor/probes.hpp"

#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace muster::supervisor {

/// A listener at an address of this host, at a port that the kernel chose.
class TcpProbeTest : public testing::Test {
protected:
    int listenAt(const std::string& address) {
        addrinfo hints{};
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (::getaddrinfo(address.c_str(), "0", &hints, &found) != 0) return 0;
        listener_.reset(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const bool isBound = ::bind(listener_.get(), found->ai_addr, found->ai_addrlen) == 0 &&
                             ::listen(listener_.get(), 8) == 0;
        ::freeaddrinfo(found);
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        if (!isBound ||
            ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
            return 0;
        // The port is at the same place in both families.
        return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
    }
    /// Whether a server of `host` is found ready within 10 s.
    bool findsReady(const std::string& host, int port) {
        ServerSpec spec;
        spec.host = host;
        spec.port = port;
        spec.readiness.kind = config::Readiness::Kind::Tcp;
        bool isReady = false;
        const auto probe = makeProbes(loop_)(spec, [&] {
            isReady = true;
            loop_.stop();
        });
        loop_.after(std::chrono::seconds(10), [this] { loop_.stop(); });
        loop_.run();
        return isReady;
    }
    EpollLoop loop_;
    UniqueFd listener_;
};

TEST_F(TcpProbeTest, ConnectsToAnAddressOfEitherFamily) {
    for (const char* host : {"127.0.0.1", "::1"}) {
        const int port = listenAt(host);
        if (port == 0) GTEST_SKIP() << "no " << host << " on this host";
        EXPECT_TRUE(findsReady(host, port)) << host;
    }
}

TEST_F(TcpProbeTest, FindsAServerOfANameWhicheverFamilyItListensAt) {
    for (const char* listened : {"127.0.0.1", "::1"})
        for (const char* name : {"localhost", "no-such-host.invalid"}) {
            const int port = listenAt(listened);
            if (port == 0) GTEST_SKIP() << "no " << listened << " on this host";
            EXPECT_TRUE(findsReady(name, port)) << name << " at " << listened;
        }
}

}  // namespace muster::supervisor
