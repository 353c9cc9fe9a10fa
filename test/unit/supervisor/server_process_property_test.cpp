#include "test/unit/supervisor/server_scenario.hpp"

#include <random>

namespace muster::supervisor {

using namespace std::chrono_literals;
using test::Scenario;
using State = ServerState;

/// Whatever happens, in whatever order: never two processes (checked by the scenario), and a last
/// word is obeyed.
TEST(ServerProcess, ObeysTheLastOrderAfterAnyHistory) {
    for (unsigned seed = 0; seed < 400; ++seed) {
        std::mt19937 random(seed);
        Scenario server(random() % 2 ? config::Readiness::Kind::Start
                                     : config::Readiness::Kind::Monitor);
        for (int step = 0; step < 60; ++step) {
            server.ignoresTerm = random() % 4 == 0;
            server.failsSpawn = random() % 6 == 0;
            switch (random() % 12) {
                case 0: server.process.start(server.now); break;
                case 1: server.process.stop(server.now); break;
                case 2: server.process.restart(server.now); break;
                case 3: server.process.kill(server.now); break;
                case 4: server.process.readySeen("random", server.now); break;
                case 5:
                    if (server.isRunning) server.end(random() % 2 ? 1 : 0, 0, 5s);
                    break;
                case 6: server.process.watchdogSeen(server.now); break;
                case 7: server.process.drainingSeen(random() % 2 != 0, server.now); break;
                case 8: server.process.stoppingSeen(server.now); break;
                case 9:
                    server.process.keeperLost();
                    server.process.attached(
                        server.isRunning ? std::optional(server.child) : std::nullopt, server.now);
                    break;
                case 10:
                    server.nodeDies();
                    server.attach();
                    break;
                default: server.advance(std::chrono::milliseconds(random() % 15'000)); break;
            }
            server.settle();
        }
        server.failsSpawn = false;
        const bool wantsRun = random() % 2 != 0;
        if (wantsRun)
            server.process.start(server.now);
        else
            server.process.stop(server.now);
        server.settle();
        for (int round = 0; round < 10 && server.state() != State::Ready; ++round) {
            server.advance(9s);
            server.process.readySeen("at last", server.now);
            server.settle();
            if (server.state() == State::Draining) break;
        }
        EXPECT_EQ(server.isRunning, wantsRun) << "seed " << seed;
        if (!wantsRun) {
            EXPECT_EQ(server.state(), State::Stopped) << "seed " << seed;
        }
    }
}

}  // namespace muster::supervisor
