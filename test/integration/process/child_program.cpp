// A server to be supervised: what it does is its first argument.
#include "common/process/unix_address.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void notify(const char* text) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr) return;
    const std::string target = path;
    const auto slash = target.rfind('/');
    const muster::UnixAddress address =
        target.front() == '@'
            ? muster::UnixAddress(target.substr(1))
            : muster::UnixAddress(target.substr(0, slash), target.substr(slash + 1));
    const muster::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ::sendto(socket.get(), text, std::strlen(text), 0, address.get(), address.size());
}

void waitForever() {
    for (;;) ::pause();
}

/// Leaves behind one in its group that ignores SIGTERM, one in a session of its own, and an orphan
/// of the latter kind; says "littered" when all of them are as they should be.
void litter() {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) return;
    const auto stay = [&ready] {
        if (::write(ready[1], "1", 1) == 1) waitForever();
    };
    if (::fork() == 0) {
        std::signal(SIGTERM, SIG_IGN);
        stay();
    }
    if (::fork() == 0) {
        ::setsid();
        stay();
    }
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::setsid();
        if (::fork() == 0) stay();
        ::_exit(0);
    }
    ::waitpid(parent, nullptr, 0);
    char byte = 0;
    for (int count = 0; count < 3; ++count)
        if (::read(ready[0], &byte, 1) != 1) return;
    std::puts("littered");
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "sleep";
    const std::string value = argc > 2 ? argv[2] : "";
    if (mode == "exit") return std::atoi(value.c_str());
    if (mode == "ignore-term") std::signal(SIGTERM, SIG_IGN);
    if (mode == "ready") notify("READY=1\nX_MUSTER_BUSY=3\n");
    while (mode == "watched") {  // as a server with a monitor: all of it again with each heartbeat
        notify("WATCHDOG=1\nREADY=1\n");
        ::poll(nullptr, 0, 200);
    }
    if (mode == "fork" && ::fork() == 0) ::setsid();
    if (mode == "litter") litter();
    if (mode == "print")
        for (int line = 0; line < std::atoi(value.c_str()); ++line) std::printf("line %d\n", line);
    if (mode == "complain") {
        std::fprintf(stderr, "Error: no database\n    at \x1b[31mstart\n\nGoodbye v1.0");
        return 3;
    }
    if (mode == "serve") {  // one byte to each client of the socket it was given: its first letter
        const char* count = std::getenv("LISTEN_FDS");
        const char* pid = std::getenv("LISTEN_PID");
        if (count == nullptr || pid == nullptr || std::atoi(pid) != ::getpid()) return 9;
        for (;;) {
            const muster::UniqueFd client(::accept4(3, nullptr, nullptr, SOCK_CLOEXEC));
            ::send(client.get(), value.data(), 1, MSG_NOSIGNAL);
        }
    }
    if (mode == "eat") {  // that many MiB
        const auto bytes = static_cast<std::size_t>(std::atoi(value.c_str())) << 20;
        for (volatile char *at = static_cast<char*>(std::malloc(bytes)), *end = at + bytes;
             at < end; at += 4096)
            *at = 1;
    }
    if (mode == "chatter")
        for (int line = 0;; ++line) {
            std::printf("line %d\n", line);
            std::fflush(stdout);
            ::poll(nullptr, 0, 2);
        }
    std::fflush(stdout);
    waitForever();
}
