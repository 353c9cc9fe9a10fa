#include "bench/swarm.hpp"

#include "bench/pomelo_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::bench {
namespace {

constexpr std::size_t kMaxBlastBytes = 64 << 20;

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (end > 0) parts.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return parts.empty() ? std::vector<std::string>{"fast"} : parts;
}

int number(const std::string& text) {
    const long value = std::strtol(text.c_str(), nullptr, 10);
    if (value < 1 || value > 100'000) throw std::runtime_error(text + " is not 1..100000");
    return static_cast<int>(value);
}

SwarmOptions parse(int argc, char** argv) {
    SwarmOptions options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view key = argv[i];
        const std::string value = argv[i + 1];
        if (key == "--host")
            options.host = value == "localhost" ? "127.0.0.1" : value;
        else if (key == "--port")
            options.port = number(value);
        else if (key == "--n")
            options.count = number(value);
        else if (key == "--conc")
            options.concurrency = number(value);
        else if (key == "--types")
            options.types = split(value);
        else if (key == "--prefix")
            options.prefix = value;
        else if (key == "--token")
            options.token = value;
        else if (key == "--cluster")
            options.cluster = value;
        else
            throw std::runtime_error("unknown option " + std::string(key));
    }
    if (argc % 2 == 0 || options.port <= 0 || options.port > 65535)
        throw std::runtime_error(
            "usage: --port P [--n N] [--types a,b] [--prefix p-] [--conc C] "
            "[--token T] [--cluster C]");
    if (!options.host.starts_with("127.")) throw std::runtime_error("loopback only");
    return options;
}

bool has(std::string_view body, std::string_view text) {
    return body.find(text) != std::string_view::npos;
}

void raiseFileLimit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

RawMonitor::~RawMonitor() {
    ::close(fd_);
}

bool RawMonitor::onReadable(std::string& scratch) {
    const ssize_t size = ::recv(fd_, scratch.data(), scratch.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    const std::string_view fresh(scratch.data(), static_cast<std::size_t>(size));
    if (in_.empty()) {
        in_ = fresh.substr(takePackets(fresh));
    } else {
        in_.append(fresh);
        in_.erase(0, takePackets(in_));
    }
    return !isBroken_ && flush();
}

bool RawMonitor::flush() {
    std::size_t written = 0;
    while (written < out_.size()) {
        const ssize_t size =
            ::send(fd_, out_.data() + written, out_.size() - written, MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN && errno != ENOTCONN) return false;
        if (size < 0) break;
        written += static_cast<std::size_t>(size);
    }
    out_.erase(0, written);
    if (const bool mustWait = !out_.empty(); mustWait != isWaiting_) {
        isWaiting_ = mustWait;
        swarm_.watch(*this, EPOLL_CTL_MOD, mustWait ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    return true;
}

std::string RawMonitor::answerTo(std::string_view body, bool isEchoModule) {
    if (has(body, "\"op\":\"reset\"")) notifies_ = 0;
    if (has(body, "\"op\":\"count\"") || has(body, "\"op\":\"reset\""))
        return "{\"n\":" + std::to_string(notifies_) + "}";
    if (!isEchoModule && !has(body, "\"e\":")) return "{\"ok\":1}";
    return body.empty() ? "null" : std::string(body);
}

bool isBlast(std::string_view body) {
    return has(body, "\"op\":\"blast\"");
}

Blast readBlast(std::string_view body) {
    const std::size_t size = std::min(numberOf(body, "\"size\":"), kMaxBlastBytes);
    Blast blast;
    blast.body = "{\"op\":\"n\",\"d\":\"" + std::string(size, 'x') + "\"}";
    blast.total =
        std::min(numberOf(body, "\"total\":"), kMaxBlastBytes / (blast.body.size() + 64) + 1);
    return blast;
}

std::string blastAnswer(std::string_view body) {
    return "{\"sent\":" + std::to_string(numberOf(body, "\"total\":")) + "}";
}

Swarm::Swarm(SwarmOptions options, MakeMonitor makeMonitor)
    : options_(std::move(options)),
      makeMonitor_(std::move(makeMonitor)),
      epoll_(::epoll_create1(0)) {}

Swarm::~Swarm() {
    ::close(epoll_);
}

void Swarm::watch(const RawMonitor& monitor, int operation, unsigned events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = const_cast<RawMonitor*>(&monitor);  // NOLINT: the kernel's word of it
    ::epoll_ctl(epoll_, operation, monitor.fd(), &event);
}

void Swarm::startOne() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw std::runtime_error("no socket: raise ulimit -n");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    ::inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    const bool failed = ::connect(fd, any, sizeof address) != 0 && errno != EINPROGRESS;
    const auto index = static_cast<std::size_t>(started_++);
    const std::string& type = options_.types[index % options_.types.size()];
    monitors_.push_back(makeMonitor_(*this, fd, options_.prefix + std::to_string(started_), type));
    if (failed) throw std::runtime_error("cannot connect");
    monitors_.back()->sendConnect();
    watch(*monitors_.back(), EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void Swarm::registered() {
    if (++registered_ == options_.count) {
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - begin_;
        std::printf("REGISTERED %d %.1f\n", registered_, took.count());
        std::fflush(stdout);
    } else if (started_ < options_.count) {
        startOne();
    }
}

void Swarm::end(const RawMonitor& monitor) {
    std::fprintf(stderr, "CLOSED %s\n", monitor.id().c_str());
    std::erase_if(monitors_, [&](const auto& entry) { return entry.get() == &monitor; });
}

void Swarm::run() {
    for (int i = 0; i < std::min(options_.concurrency, options_.count); ++i) startOne();
    std::string scratch(256 << 10, '\0');
    std::vector<epoll_event> events(256);
    while (!monitors_.empty()) {
        const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            auto& monitor = *static_cast<RawMonitor*>(events[static_cast<std::size_t>(i)].data.ptr);
            const unsigned what = events[static_cast<std::size_t>(i)].events;
            bool isAlive = true;
            if ((what & EPOLLOUT) != 0) isAlive = monitor.flush();
            if (isAlive && (what & ~EPOLLOUT) != 0) isAlive = monitor.onReadable(scratch);
            if (!isAlive) end(monitor);
        }
    }
}

int runSwarm(int argc, char** argv, const char* name, MakeMonitor makeMonitor) {
    try {
        raiseFileLimit();
        Swarm(parse(argc, argv), std::move(makeMonitor)).run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", name, e.what());
        return 2;
    }
    return 1;  // all connections were closed by the master
}

}  // namespace muster::bench
