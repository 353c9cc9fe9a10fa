#pragma once

#include "test/support/client_socket.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {

/// A TCP connection to 127.0.0.1 that sends and receives bytes as a test says.
class RawClient final : public ClientSocket {
public:
    explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
    }
    ~RawClient() override { ::close(fd_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// A send() that the other side does not take for that long fails.
    void setSendTimeout(timeval time) {
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    }
    /// Nothing more is sent; what comes can still be received.
    void shutDownSending() { ::shutdown(fd_, SHUT_WR); }
    bool send(std::string_view bytes) override {
        return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    std::string receiveSome(std::chrono::milliseconds within) override {
        if (!waitForInput(std::chrono::steady_clock::now() + within)) return {};
        char buffer[16'384];
        const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
        if (count > 0) return {buffer, static_cast<std::size_t>(count)};
        isClosed_ = true;
        return {};
    }
    bool isClosed() const override { return isClosed_; }
    /// What comes until `size` bytes are there, the other side closes, or the time is over.
    std::string receive(std::size_t size, std::chrono::milliseconds within) {
        const auto end = std::chrono::steady_clock::now() + within;
        std::string result;
        while (result.size() < size && waitForInput(end)) {
            char buffer[4096];
            const ssize_t count =
                ::recv(fd_, buffer, std::min(sizeof buffer, size - result.size()), 0);
            if (count <= 0) {
                isClosed_ = true;
                break;
            }
            result.append(buffer, static_cast<std::size_t>(count));
        }
        return result;
    }
    /// Everything until the other side closes, which it has to do soon.
    std::string readToEnd() { return receive(SIZE_MAX, std::chrono::seconds(10)); }
    /// What comes until it holds `text`, the other side closes, or the time is over.
    std::string receiveUntil(std::string_view text, std::chrono::milliseconds within) {
        const auto end = std::chrono::steady_clock::now() + within;
        std::string result;
        while (result.find(text) == std::string::npos && waitForInput(end)) {
            const std::string more = receive(1, std::chrono::milliseconds(100));
            if (isClosed_) break;
            result += more;
        }
        return result;
    }
    /// True if the other side closes in that time; what it sends before is thrown away.
    bool isClosedWithin(std::chrono::milliseconds time) {
        receive(SIZE_MAX, time);
        return isClosed_;
    }

private:
    bool waitForInput(std::chrono::steady_clock::time_point end) const {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd entry{fd_, POLLIN, 0};
        return left.count() > 0 && ::poll(&entry, 1, static_cast<int>(left.count())) > 0;
    }

    int fd_;
    bool isClosed_ = false;
};

}  // namespace muster::test
