// N monitors as servers embed them (muster::Monitor), in one process: two threads' work for each
// message, Paho's and the monitor's own.
//
//   muster_real_monitors --port P --token T [--n 1] [--prefix real-] [--cluster bench] [--conc 50]
//
// Prints "REGISTERED n ms" when all are, then stays until SIGTERM. Loopback only.
#include <muster/monitor.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>

namespace {

struct Options {
    int port = 0;
    int count = 1;
    int concurrency = 50;
    std::string token;
    std::string prefix = "real-";
    std::string cluster = "bench";
};

int number(const std::string& text) {
    const long value = std::strtol(text.c_str(), nullptr, 10);
    if (value < 1 || value > 65'535) throw std::runtime_error(text + " is not 1..65535");
    return static_cast<int>(value);
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view key = argv[i];
        const std::string value = argv[i + 1];
        if (key == "--port")
            options.port = number(value);
        else if (key == "--n")
            options.count = number(value);
        else if (key == "--conc")
            options.concurrency = number(value);
        else if (key == "--token")
            options.token = value;
        else if (key == "--prefix")
            options.prefix = value;
        else if (key == "--cluster")
            options.cluster = value;
        else
            throw std::runtime_error("unknown option " + std::string(key));
    }
    if (argc % 2 == 0 || options.port == 0) throw std::runtime_error("--port is needed");
    return options;
}

/// Counts who is registered.
class Registered {
public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    void waitFor(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

std::unique_ptr<muster::Monitor> makeMonitor(const Options& options, int index,
                                             Registered& registered) {
    muster::MonitorOptions monitor;
    monitor.id = options.prefix + std::to_string(index);
    monitor.type = "real";
    monitor.token = options.token;
    monitor.master = "mqtt://127.0.0.1:" + std::to_string(options.port);
    monitor.cluster = options.cluster;
    monitor.port = 20'000 + index;
    monitor.modules = {"echo", "bench"};
    monitor.onEvent = [&registered, id = monitor.id](muster::MonitorEvent event,
                                                     std::string_view detail) {
        if (event == muster::MonitorEvent::Registered) return registered.add();
        if (event != muster::MonitorEvent::Connected)
            std::fprintf(stderr, "%s: event %d: %.*s\n", id.c_str(), static_cast<int>(event),
                         static_cast<int>(detail.size()), detail.data());
    };
    auto made = std::make_unique<muster::Monitor>(std::move(monitor));
    if (const auto started = made->start(); !started)
        throw std::runtime_error(started.error().detail());
    return made;
}

void run(const Options& options) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);  // before any thread is there to inherit the mask
    const auto begun = std::chrono::steady_clock::now();
    Registered registered;
    std::vector<std::unique_ptr<muster::Monitor>> monitors;
    for (int i = 1; i <= options.count; ++i) {
        if (i > options.concurrency) registered.waitFor(i - options.concurrency);
        monitors.push_back(makeMonitor(options, i, registered));
    }
    registered.waitFor(options.count);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    std::printf("REGISTERED %d %.1f\n", options.count, took.count());
    std::fflush(stdout);
    int received = 0;
    sigwait(&ends, &received);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
        run(parse(argc, argv));
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "muster_real_monitors: %s\n", e.what());
        return 2;
    }
}
