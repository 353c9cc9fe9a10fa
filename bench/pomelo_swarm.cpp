// N cheap pomelo monitors in one thread, so that the master under test is the bottleneck.
//
//   muster_pomelo_swarm --port P [--host 127.0.0.1] [--n 1] [--types fast,..] [--token T]
//                       [--prefix fast-] [--conc 200]
//
// Registers them, prints "REGISTERED n ms", and then behaves as module `bench` (and `echo`) of an
// unmodified monitor does: {e:1} is echoed, {op:'reset'|'count'|'blast'} work on the counter of
// notifies. Answers are double-encoded, as the original's; requests may be either. Text is
// searched, not parsed: fit for the masters' own messages only. Loopback only. Ends when all are
// cut off.
#include "bench/pomelo_text.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace muster::bench;

constexpr std::size_t kMaxPacket = 8 << 20;
constexpr std::size_t kMaxBlastBytes = 64 << 20;

struct Options {
    std::string host = "127.0.0.1";
    int port = 0;
    int count = 1;
    int concurrency = 200;
    std::vector<std::string> types{"fast"};
    std::string prefix = "fast-";
    std::string token;  // empty: null
};

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

Options parse(int argc, char** argv) {
    Options options;
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
        else
            throw std::runtime_error("unknown option " + std::string(key));
    }
    if (argc % 2 == 0 || options.port <= 0 || options.port > 65535)
        throw std::runtime_error("usage: muster_pomelo_swarm --port P [--n N] [--types a,b] ...");
    if (!options.host.starts_with("127.")) throw std::runtime_error("loopback only");
    return options;
}

class Swarm;

/// One emulated monitor: a socket and a counter.
class Monitor {
public:
    Monitor(Swarm& swarm, int fd, std::string id, std::string type)
        : swarm_(swarm), fd_(fd), id_(std::move(id)), type_(std::move(type)) {}
    ~Monitor() { ::close(fd_); }
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    int fd() const { return fd_; }
    const std::string& id() const { return id_; }
    void sendConnect() {
        out_.append(
            "\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04"
            "fast",
            18);
    }
    /// False when the connection is over.
    bool onReadable(std::string& scratch);
    bool flush();

private:
    std::size_t takePackets(std::string_view bytes);
    void onPacket(unsigned type, std::string_view body);
    void onMonitorMessage(std::string_view payload);
    void answer(std::string_view requestId, std::string_view body);
    void onRequest(std::string_view requestId, std::string_view message);
    void blast(std::string_view body);
    void sendRegister();

    Swarm& swarm_;
    int fd_;
    std::string id_, type_;
    std::string in_;   // the beginning of a packet whose rest has not come
    std::string out_;  // written once per round
    std::string text_;
    std::uint64_t notifies_ = 0;
    bool isWaiting_ = true;  // for the socket to take more; at first, for the connection
    bool isBroken_ = false;
};

class Swarm {
public:
    explicit Swarm(Options options) : options_(std::move(options)), epoll_(::epoll_create1(0)) {}
    ~Swarm() { ::close(epoll_); }
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    const Options& options() const { return options_; }
    void run();
    void registered();
    void watch(Monitor& monitor, int operation, unsigned events) const {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &monitor;
        ::epoll_ctl(epoll_, operation, monitor.fd(), &event);
    }

private:
    void startOne();
    void end(const Monitor& monitor);

    Options options_;
    int epoll_;
    int started_ = 0;
    int registered_ = 0;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<Monitor>> monitors_;
};

bool Monitor::onReadable(std::string& scratch) {
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

std::size_t Monitor::takePackets(std::string_view bytes) {
    std::size_t taken = 0;
    while (!isBroken_) {
        const std::string_view rest = bytes.substr(taken);
        std::size_t length = 0, at = 1;
        for (unsigned shift = 0;; shift += 7) {
            if (at >= rest.size() || shift > 21) return taken;
            const auto byte = static_cast<unsigned char>(rest[at++]);
            length |= static_cast<std::size_t>(byte & 127) << shift;
            if (byte < 128) break;
        }
        if (length > kMaxPacket) isBroken_ = true;
        if (length > rest.size() - at) return taken;
        onPacket(static_cast<unsigned char>(rest[0]) >> 4, rest.substr(at, length));
        taken += at + length;
    }
    return taken;
}

void Monitor::onPacket(unsigned type, std::string_view body) {
    if (type == 2) return sendRegister();
    if (type == 14) isBroken_ = true;  // the master refuses it
    if (type != 3 || body.size() < 2) return;
    const std::size_t size =
        static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
    if (size + 2 > body.size()) return;
    const std::string_view topic = body.substr(2, size);
    if (topic == "register" && body.find("\"code\":1", size) != std::string_view::npos)
        swarm_.registered();
    else if (topic == "monitor")
        onMonitorMessage(body.substr(2 + size));
}

void Monitor::sendRegister() {
    const Options& options = swarm_.options();
    const std::string names = "\"id\":\"" + id_ + "\",";
    const std::string kind = "\"serverType\":\"" + type_ + "\",";
    const std::string port = std::to_string(30'000 + fd_ % 30'000);
    const std::string token = options.token.empty() ? "null" : '"' + options.token + '"';
    appendPublish(out_, "register",
                  "{" + names + "\"type\":\"monitor\"," + kind +
                      "\"pid\":" + std::to_string(::getpid()) + ",\"info\":{" + names + kind +
                      "\"host\":\"127.0.0.1\",\"port\":" + port + "},\"token\":" + token + "}");
}

void Monitor::onMonitorMessage(std::string_view payload) {
    if (payload.size() > 1 && payload.front() == '"') {
        unescape(payload.substr(1, payload.size() - 2), text_);
        payload = text_;
    }
    const std::string_view requestId = valueOf(payload, "\"reqId\":");
    if (!requestId.empty())
        onRequest(requestId, payload);
    else if (payload.find("\"command\":") == std::string_view::npos)
        ++notifies_;
}

void Monitor::onRequest(std::string_view requestId, std::string_view message) {
    const std::string_view body = valueOf(message, "\"body\":");
    const auto has = [&](std::string_view text) {
        return body.find(text) != std::string_view::npos;
    };
    if (has("\"op\":\"reset\"")) notifies_ = 0;
    if (has("\"op\":\"count\"") || has("\"op\":\"reset\""))
        return answer(requestId, "{\"n\":" + std::to_string(notifies_) + "}");
    if (has("\"op\":\"blast\"")) {
        blast(body);
        return answer(requestId, "{\"sent\":" + std::to_string(numberOf(body, "\"total\":")) + "}");
    }
    const bool isEcho =
        has("\"e\":") || message.find("\"moduleId\":\"echo\"") != std::string_view::npos;
    answer(requestId, isEcho ? body : "{\"ok\":1}");
}

void Monitor::answer(std::string_view requestId, std::string_view body) {
    std::string payload = "\"{\\\"respId\\\":";
    appendEscaped(payload, requestId);  // verbatim: a number, or a string after a re-push
    payload += ",\\\"error\\\":null,\\\"body\\\":";
    appendEscaped(payload, body.empty() ? "null" : body);
    payload += "}\"";
    appendPublish(out_, "monitor", payload);
}

void Monitor::blast(std::string_view body) {
    const std::size_t size = std::min(numberOf(body, "\"size\":"), kMaxBlastBytes);
    const std::string notify =
        "{\"moduleId\":\"bench\",\"body\":{\"op\":\"n\",\"d\":\"" + std::string(size, 'x') + "\"}}";
    const std::size_t total =
        std::min(numberOf(body, "\"total\":"), kMaxBlastBytes / notify.size() + 1);
    for (std::size_t i = 0; i < total; ++i) appendPublish(out_, "monitor", notify);
}

bool Monitor::flush() {
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
    monitors_.push_back(
        std::make_unique<Monitor>(*this, fd, options_.prefix + std::to_string(started_), type));
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

void Swarm::end(const Monitor& monitor) {
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
            auto& monitor = *static_cast<Monitor*>(events[static_cast<std::size_t>(i)].data.ptr);
            const unsigned what = events[static_cast<std::size_t>(i)].events;
            bool isAlive = true;
            if ((what & EPOLLOUT) != 0) isAlive = monitor.flush();
            if (isAlive && (what & ~EPOLLOUT) != 0) isAlive = monitor.onReadable(scratch);
            if (!isAlive) end(monitor);
        }
    }
}

void raiseFileLimit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        raiseFileLimit();
        Swarm(parse(argc, argv)).run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "muster_pomelo_swarm: %s\n", e.what());
        return 2;
    }
    return 1;  // all connections were closed by the master
}
