#include "common/process/process_identity.hpp"
#include "modules/supervisor/liveness.hpp"
#include "test/support/free_port.hpp"
#include "test/support/temp_dir.hpp"

#include <filesystem>
#include <fstream>

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

/// Looks at servers of this host, real ones.
class LivenessTest : public TcpProbeTest {
protected:
    ServerSpec spec(config::Liveness::Kind kind) const {
        ServerSpec spec;
        spec.liveness.kind = kind;
        spec.liveness.interval = std::chrono::milliseconds(100);
        spec.liveness.timeout = std::chrono::milliseconds(300);
        return spec;
    }
    /// What the first `count` looks said.
    std::vector<std::string> looks(const ServerSpec& spec, std::size_t count) {
        std::vector<std::string> seen;
        const auto probe = maker_(spec, [&](const std::string& reason) {
            seen.push_back(reason);
            if (seen.size() == count) loop_.stop();
        });
        const auto limit = loop_.after(std::chrono::seconds(20), [this] { loop_.stop(); });
        loop_.run();
        loop_.cancel(limit);
        return seen;
    }
    LivenessMaker maker_ = makeLiveness(loop_);
};

TEST_F(LivenessTest, ConnectsAgainAndAgain) {
    auto server = spec(config::Liveness::Kind::Tcp);
    server.liveness.port = listenAt("127.0.0.1");
    EXPECT_EQ(looks(server, 3), (std::vector<std::string>{"", "", ""}));
    listener_.reset();
    EXPECT_EQ(looks(server, 1), std::vector<std::string>{"no connection to 127.0.0.1:" +
                                                         std::to_string(server.liveness.port)});
}

TEST_F(LivenessTest, TakesTheExitStatusOfACommand) {
    auto server = spec(config::Liveness::Kind::Command);
    server.liveness.timeout = std::chrono::seconds(10);
    server.liveness.argv = {"true"};
    EXPECT_EQ(looks(server, 2), (std::vector<std::string>{"", ""}));
    server.liveness.argv = {"sh", "-c", "exit 3"};
    EXPECT_EQ(looks(server, 2),
              (std::vector<std::string>{"sh: exit status 3", "sh: exit status 3"}));
    server.liveness.argv = {"/no/such/program"};
    EXPECT_EQ(looks(server, 1), std::vector<std::string>{"cannot be started: /no/such/program: "
                                                         "No such file or directory"});
}

TEST_F(LivenessTest, KillsACommandThatTakesTooLong) {
    auto server = spec(config::Liveness::Kind::Command);
    server.liveness.argv = {"sleep", "100"};
    EXPECT_EQ(looks(server, 2),
              (std::vector<std::string>{"sleep took too long", "sleep took too long"}));
}

TEST_F(LivenessTest, RunsABoundedNumberOfCommandsAtATime) {
    test::TempDir directory;
    auto server = spec(config::Liveness::Kind::Command);
    server.liveness.timeout = std::chrono::seconds(20);
    const std::string going = directory.str() + "/go";
    // Each says that it runs, and ends when it may.
    server.liveness.argv = {
        "sh", "-c",
        "touch " + directory.str() + "/run-$$; until [ -e " + going + " ]; do sleep 0.02; done"};
    const auto running = [&] {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(directory.str()))
            if (entry.path().filename().string().starts_with("run-")) ++count;
        return count;
    };
    std::vector<std::unique_ptr<Probe>> probes;
    std::size_t looked = 0;
    for (std::size_t probe = 0; probe < 2 * kMostLookingCommands; ++probe)
        probes.push_back(maker_(server, [&](const std::string& reason) {
            EXPECT_EQ(reason, "");
            if (++looked >= 2 * kMostLookingCommands) loop_.stop();
        }));
    std::function<void()> open = [&] {
        if (running() < kMostLookingCommands) {
            loop_.after(std::chrono::milliseconds(20), open);
            return;
        }
        EXPECT_EQ(running(), kMostLookingCommands);
        std::ofstream(going) << "1";
    };
    loop_.after(std::chrono::milliseconds(20), open);
    loop_.after(std::chrono::seconds(30), [this] { loop_.stop(); });
    loop_.run();
    EXPECT_GE(looked, 2 * kMostLookingCommands);
}

}  // namespace muster::supervisor
