// The lower bound of a fan-out: accepts N pomelo monitors, then writes one prepared notify to each
// of them in rounds, one write() a connection, and nothing else. Prints its CPU time a delivery.
//
//   muster_null_fanout --port P --n N [--rounds 40] [--size 64]
//
// Loopback only; ends by itself after the rounds, or after 60 s.
#include <chrono>
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
        std::perror("null_fanout: cannot listen");
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

// What a monitor waits for before it counts as registered.
void greet(int fd, const char* bytes, std::size_t size, int& registered) {
    const std::string text(bytes, size);
    if (text[0] == '\x10') (void)!::write(fd, "\x20\x02\x00\x00", 4);
    if (text.find("register") == std::string::npos) return;
    const std::string ack = publishFrame("register", R"({"code":1,"msg":"ok"})");
    (void)!::write(fd, ack.data(), ack.size());
    ++registered;
}

std::vector<int> acceptAll(const Options& options) {
    const int listener = listenOn(options.port);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = listener;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    std::vector<int> connections;
    int registered = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (registered < options.connections && std::chrono::steady_clock::now() < end) {
        epoll_event events[64];
        const int ready = ::epoll_wait(epoll, events, 64, 1000);
        for (int i = 0; i < ready; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
                const int yes = 1;
                ::setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                ::epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                connections.push_back(event.data.fd);
                continue;
            }
            char buffer[4096];
            const ssize_t got = ::read(fd, buffer, sizeof buffer);
            if (got <= 0)
                ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
            else
                greet(fd, buffer, static_cast<std::size_t>(got), registered);
        }
    }
    return connections;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    const std::vector<int> connections = acceptAll(options);
    const std::string body(static_cast<std::size_t>(options.size), 'x');
    const std::string frame =
        publishFrame("monitor", R"({"moduleId":"bench","body":{"d":")" + body + "\"}}");
    double cpu = 0;
    for (int round = 0; round < options.rounds; ++round) {
        const double before = cpuMicroseconds();
        for (const int fd : connections) (void)!::write(fd, frame.data(), frame.size());
        cpu += cpuMicroseconds() - before;
        ::poll(nullptr, 0, 15);
    }
    std::printf("{\"n\":%zu,\"rounds\":%d,\"cpuUsPerMsg\":%.3f}\n", connections.size(),
                options.rounds, cpu / (static_cast<double>(connections.size()) * options.rounds));
}
