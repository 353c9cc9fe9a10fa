#pragma once

#include <atomic>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster::test {

/// Takes an abstract address that stands for the port, and keeps it until this process ends. False:
/// another test has it.
inline bool reservePort(int port) {
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "muster-test-port-" + std::to_string(port);
    name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const bool isTaken =
        fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
    if (!isTaken && fd >= 0) ::close(fd);
    return isTaken;
}

/// Whether nobody, test or not, has that port of 127.0.0.1.
inline bool canListen(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool ok =
        fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0) ::close(fd);
    return ok;
}

/// A TCP port of 127.0.0.1 that nobody listens on, for programs that cannot choose themselves. No
/// other test is given it while this process lives, whichever process it runs in; and it lies below
/// the range that the kernel gives to outgoing connections, any of which could take it.
inline int freePort() {
    static std::atomic<unsigned> next{std::random_device{}()};
    constexpr unsigned kFirst = 20'000, kCount = 12'000;
    for (unsigned tries = 0; tries < kCount; ++tries) {
        const int port = static_cast<int>(kFirst + next++ % kCount);
        if (reservePort(port) && canListen(port)) return port;
    }
    throw std::runtime_error("no free port");
}

/// True if something accepts connections on that port of 127.0.0.1.
inline bool accepts(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool ok =
        fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0) ::close(fd);
    return ok;
}

}  // namespace muster::test
