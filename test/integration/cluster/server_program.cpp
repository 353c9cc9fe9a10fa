// A server of a test cluster: `<mode> <file>`. Each step of its life becomes a line of the file:
// "<id> <step> <pid>".
#include <muster/monitor.hpp>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace {

void note(const std::string& file, const std::string& step) {
    const char* id = std::getenv("MUSTER_ID");
    const std::string line = std::string(id != nullptr ? id : "?") + " " + step + " " +
                             std::to_string(::getpid()) + "\n";
    const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ::write(fd, line.data(), line.size()) < 0) std::_Exit(3);
    ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "ready";
    const std::string file = argc > 2 ? argv[2] : "/dev/null";
    note(file, "started");
    if (mode == "crash") return 7;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the monitor's thread starts
    auto options = muster::MonitorOptions::fromEnvironment();
    if (mode == "bench") options.modules = {"bench"};
    muster::Monitor monitor(std::move(options));
    std::thread visitor;
    if (mode == "visited") {  // by one who leaves when <file>.leave is there
        monitor.setBusy(1);
        monitor.onUndrain([&file] { note(file, "undrained"); });
        monitor.onDrain([&file, &monitor, &visitor] {
            note(file, "drained");
            if (visitor.joinable()) return;
            visitor = std::thread([&file, &monitor] {
                while (::access((file + ".leave").c_str(), F_OK) != 0) ::poll(nullptr, 0, 20);
                note(file, "empty");
                monitor.setBusy(0);
            });
        });
    }
    if (!monitor.start()) return 4;
    if (mode == "slow") ::poll(nullptr, 0, 300);
    note(file, "ready");
    if (mode != "never") monitor.ready();
    if (mode == "busy") monitor.setBusy(5);
    int signal = 0;
    do {
        ::sigwait(&signals, &signal);
    } while (mode == "stubborn");
    note(file, "stopping");
    monitor.stop();
    note(file, "ended");
    if (visitor.joinable()) std::_Exit(0);  // it may wait for ever
}
