// A server as a user would write one: a member of its cluster until it is told to stop.
#include <muster/monitor.hpp>

#include <csignal>

int main() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);  // before the monitor starts its thread
    muster::Monitor monitor(muster::MonitorOptions::fromEnvironment());
    if (!monitor.start()) return 1;
    monitor.ready();
    int number = 0;
    sigwait(&signals, &number);
    return 0;
}
