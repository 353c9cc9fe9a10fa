// The lower bound of what a master can cost: accepts N pomelo monitors, then asks them and notifies
// them with prepared bytes, one read and one write() a connection and turn, and nothing else. What
// it spends is the kernel's price of the traffic. Prints one line of JSON for each measure.
//
//   muster_null_master --port P --n N [--rounds 40] [--size 64]
//
// Loopback only; ends by itself after the measures, or 60 s after the last thing that happened.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int kPatienceMs = 60'000;
constexpr int kBetweenRoundsMs = 15;
constexpr std::size_t kMostEvents = 256;

struct Options {
    int port = 0;
    int connections = 1;
    int rounds = 40;
    int size = 64;
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string key = argv[i];
        const int value = std::atoi(argv[i + 1]);
        if (key == "--port") options.port = value;
        if (key == "--n") options.connections = value;
        if (key == "--rounds") options.rounds = value;
        if (key == "--size") options.size = value;
    }
    return options;
}

int listenOn(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 1024) != 0) {
        std::perror("null_master: cannot listen");
        std::exit(1);
    }
    return fd;
}

std::string publishFrame(const std::string& topic, const std::string& payload) {
    std::string frame;
    std::size_t rest = 2 + topic.size() + payload.size();
    frame += '\x30';
    do {
        const auto digit = static_cast<char>(rest % 128);
        rest /= 128;
        frame += static_cast<char>(rest > 0 ? digit | static_cast<char>(0x80) : digit);
    } while (rest > 0);
    frame += static_cast<char>(topic.size() >> 8);
    frame += static_cast<char>(topic.size() & 0xff);
    return frame + topic + payload;
}

double cpuMicroseconds() {
    rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double elapsedMs(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
        .count();
}

/// One monitor: its socket, the bytes of a packet that is not whole, and what to write this turn.
struct Connection {
    int fd = -1;
    std::string in;
    std::string out;
};

class NullMaster {
public:
    explicit NullMaster(const Options& options)
        : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)), input_(1 << 18, '\0') {}

    void acceptAll();
    void ask(int inFlight, int total);
    void notifyAll();

private:
    void acceptOne(int listener);
    void greet(Connection& connection, std::size_t size);
    int wait(epoll_event* events) const;
    std::size_t packetsIn(Connection& connection);
    void send(Connection& connection);

    Options options_;
    int epoll_;
    int registered_ = 0;
    std::string input_;
    std::vector<Connection> connections_;
};

void NullMaster::acceptOne(int listener) {
    Connection connection;
    connection.fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const int yes = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = connections_.size();
    connections_.push_back(connection);
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
}

/// What a monitor waits for before it counts as registered.
void NullMaster::greet(Connection& connection, std::size_t size) {
    const std::string_view text(input_.data(), size);
    if (text[0] == '\x10') (void)!::write(connection.fd, "\x20\x02\x00\x00", 4);
    if (text.find("register") == std::string::npos) return;
    const std::string ack = publishFrame("register", R"({"code":1,"msg":"ok"})");
    (void)!::write(connection.fd, ack.data(), ack.size());
    ++registered_;
}

int NullMaster::wait(epoll_event* events) const {
    const int ready = ::epoll_wait(epoll_, events, kMostEvents, kPatienceMs);
    if (ready > 0) return ready;
    std::fprintf(stderr, "null_master: nothing happens any more\n");
    std::exit(1);
}

void NullMaster::acceptAll() {
    const int listener = listenOn(options_.port);
    connections_.reserve(static_cast<std::size_t>(options_.connections));
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = UINT64_MAX;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
    const double before = cpuMicroseconds();
    while (registered_ < options_.connections) {
        epoll_event events[kMostEvents];
        const int ready = wait(events);
        for (int i = 0; i < ready; ++i) {
            if (events[i].data.u64 == UINT64_MAX) {
                acceptOne(listener);
                continue;
            }
            Connection& connection = connections_[events[i].data.u64];
            const ssize_t got = ::read(connection.fd, input_.data(), input_.size());
            if (got > 0) greet(connection, static_cast<std::size_t>(got));
        }
    }
    std::printf("{\"name\":\"registration\",\"cpuUsPerMsg\":%.3f}\n",
                (cpuMicroseconds() - before) / options_.connections);
}

/// How many whole packets were read.
std::size_t NullMaster::packetsIn(Connection& connection) {
    const ssize_t got = ::read(connection.fd, input_.data(), input_.size());
    if (got <= 0) return 0;
    connection.in.append(input_.data(), static_cast<std::size_t>(got));
    std::size_t packets = 0;
    std::size_t at = 0;
    const std::string& in = connection.in;
    for (;;) {
        std::size_t length = 0;
        std::size_t header = 1;
        bool isWhole = false;
        for (unsigned shift = 0; at + header < in.size() && !isWhole; shift += 7) {
            const auto byte = static_cast<unsigned char>(in[at + header++]);
            length |= static_cast<std::size_t>(byte & 127U) << shift;
            isWhole = byte < 128;
        }
        if (!isWhole || in.size() - at < header + length) break;
        at += header + length;
        ++packets;
    }
    connection.in.erase(0, at);
    return packets;
}

void NullMaster::send(Connection& connection) {
    (void)!::write(connection.fd, connection.out.data(), connection.out.size());
    connection.out.clear();
}

void NullMaster::ask(int inFlight, int total) {
    const std::string frame = publishFrame(
        "monitor", R"("{\"reqId\":123456,\"moduleId\":\"bench\",\"body\":{\"e\":1,)"
                   R"(\"d\":\")" +
                       std::string(static_cast<std::size_t>(options_.size), 'x') + R"(\"}}")");
    std::size_t next = 0;
    int sent = 0;
    int answered = 0;
    std::vector<Connection*> dirty;
    const auto askNext = [&] {
        Connection& connection = connections_[next++ % connections_.size()];
        if (connection.out.empty()) dirty.push_back(&connection);
        connection.out += frame;
        ++sent;
    };
    const auto flush = [&] {
        for (Connection* connection : dirty) send(*connection);
        dirty.clear();
    };
    const auto began = std::chrono::steady_clock::now();
    const double before = cpuMicroseconds();
    while (sent < std::min(inFlight, total)) askNext();
    flush();
    while (answered < total) {
        epoll_event events[kMostEvents];
        const int ready = wait(events);
        for (int i = 0; i < ready; ++i) {
            const std::size_t packets = packetsIn(connections_[events[i].data.u64]);
            answered += static_cast<int>(packets);
            for (std::size_t k = 0; k < packets && sent < total; ++k) askNext();
        }
        flush();
    }
    std::printf("{\"name\":\"reqrep/%d\",\"perSec\":%.0f,\"cpuUsPerMsg\":%.3f}\n", inFlight,
                total / elapsedMs(began) * 1e3, (cpuMicroseconds() - before) / total);
}

void NullMaster::notifyAll() {
    const std::string body(static_cast<std::size_t>(options_.size), 'x');
    const std::string frame =
        publishFrame("monitor", R"({"moduleId":"bench","body":{"d":")" + body + "\"}}");
    double cpu = 0;
    for (int round = 0; round < options_.rounds; ++round) {
        const double before = cpuMicroseconds();
        for (const Connection& connection : connections_)
            (void)!::write(connection.fd, frame.data(), frame.size());
        cpu += cpuMicroseconds() - before;
        ::poll(nullptr, 0, kBetweenRoundsMs);
    }
    std::printf("{\"name\":\"fanout\",\"cpuUsPerMsg\":%.3f}\n",
                cpu / (static_cast<double>(connections_.size()) * options_.rounds));
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    NullMaster master(options);
    master.acceptAll();
    master.ask(16, 2'000);  // to warm up, as the driver does: not counted there
    master.ask(1, 3'000);
    master.ask(16, 20'000);
    master.ask(64, 30'000);
    master.ask(256, 40'000);
    master.notifyAll();
}
