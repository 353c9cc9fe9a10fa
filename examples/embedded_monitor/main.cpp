#include <muster/monitor.hpp>

#include <csignal>
#include <iostream>

/// The smallest server that a muster cluster can start, watch and stop: everything else it is told
/// through its environment. C++17, no other library.
int main() {
    sigset_t stopSignal;  // without onStop() the monitor sends itself SIGTERM when asked to stop
    sigemptyset(&stopSignal);
    sigaddset(&stopSignal, SIGTERM);
    sigprocmask(SIG_BLOCK, &stopSignal, nullptr);

    muster::Monitor monitor(muster::MonitorOptions::fromEnvironment());
    monitor.handle("areaInfo", [](const muster::JsonText&) {
        return muster::Result<muster::JsonText>(R"({"players":12})");
    });
    if (const auto started = monitor.start(); !started) {
        std::cerr << "cannot join a cluster: " << started.error().detail() << '\n';
        return 1;
    }
    monitor.ready();
    std::cout << "serving" << std::endl;

    int received = 0;
    sigwait(&stopSignal, &received);  // the work of a real server
    return 0;                         // ~Monitor says goodbye
}
