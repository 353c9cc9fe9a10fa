#include "players_monitor.hpp"

#include <csignal>
#include <iostream>
#include <memory>

/// A server that carries the module's monitor half.
int main() {
    sigset_t stopSignal;
    sigemptyset(&stopSignal);
    sigaddset(&stopSignal, SIGTERM);
    sigprocmask(SIG_BLOCK, &stopSignal, nullptr);

    muster::Monitor monitor(muster::MonitorOptions::fromEnvironment());
    monitor.add(std::make_unique<players::PlayersMonitor>([] { return 12; }));
    if (const auto started = monitor.start(); !started) {
        std::cerr << "cannot join a cluster: " << started.error().detail() << '\n';
        return 1;
    }
    monitor.ready();
    std::cout << "serving" << std::endl;
    int received = 0;
    sigwait(&stopSignal, &received);
    return 0;
}
