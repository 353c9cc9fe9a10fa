// A server to be supervised: what it does is its first argument.
#include "common/process/unix_address.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <poll.h>
#include <sys/socket.h>
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
    if (mode == "print")
        for (int line = 0; line < std::atoi(value.c_str()); ++line) std::printf("line %d\n", line);
    if (mode == "chatter")
        for (int line = 0;; ++line) {
            std::printf("line %d\n", line);
            std::fflush(stdout);
            ::poll(nullptr, 0, 2);
        }
    std::fflush(stdout);
    waitForever();
}
