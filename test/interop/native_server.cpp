#include <muster/monitor.hpp>

#include <csignal>

/// A C++ server among pomelo's: told everything through its environment, ends when asked to.
int main() {
    sigset_t stopSignal;
    sigemptyset(&stopSignal);
    sigaddset(&stopSignal, SIGTERM);
    sigprocmask(SIG_BLOCK, &stopSignal, nullptr);

    muster::Monitor monitor(muster::MonitorOptions::fromEnvironment());
    monitor.handle("echo", [](const muster::JsonText& body) -> muster::Result<muster::JsonText> {
        return body;
    });
    if (const auto started = monitor.start(); !started) return 1;
    monitor.ready();
    int received = 0;
    sigwait(&stopSignal, &received);
    return 0;
}
