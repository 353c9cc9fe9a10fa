#include "bench/broker/framed_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::bench {

namespace {

constexpr std::size_t kInputSize = 512 * 1024;
constexpr std::size_t kCompactAt = 256 * 1024;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in addressOf(std::uint32_t address, std::uint16_t port) {
    sockaddr_in result = {};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = htonl(address);
    result.sin_port = htons(port);
    return result;
}

void setOption(int fd, int level, int name) {
    const int on = 1;
    (void)::setsockopt(fd, level, name, &on, sizeof on);  // costs speed at worst, and is seen then
}

}  // namespace

Reactor::Reactor() : input(kInputSize), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1");
}

Reactor::~Reactor() {
    ::close(epoll_);
}

void Reactor::poll(int milliseconds) {
    std::array<epoll_event, 512> events;
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), milliseconds);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        static_cast<FramedSocket*>(event.data.ptr)->onReady(event.events);
    }
}

void Reactor::watch(int fd, int operation, unsigned events, void* owner) const {
    epoll_event event = {};
    event.events = events;
    event.data.ptr = owner;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) fail("epoll_ctl");
}

void FramedSocket::connect(std::uint16_t port) {
    static std::uint32_t turn = 0;
    constexpr std::uint32_t kFirstSource = 0x7F000101, kSources = 40, kTarget = 0x7F000001;
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) fail("socket");
    setNoDelay(fd_);
    setOption(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    const sockaddr_in source = addressOf(kFirstSource + turn++ % kSources, 0);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) fail("bind");
    const sockaddr_in target = addressOf(kTarget, port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 &&
        errno != EINPROGRESS)
        fail("connect");
    isConnecting_ = isWaiting_ = true;
    reactor_.watch(fd_, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT, this);
}

void FramedSocket::adopt(int fd) {
    fd_ = fd;
    reactor_.watch(fd_, EPOLL_CTL_ADD, EPOLLIN, this);
}

void FramedSocket::close() {
    if (fd_ < 0) return;
    ::close(std::exchange(fd_, -1));
    out.clear();
    left_.clear();
    written_ = 0;
    isConnecting_ = isWaiting_ = false;
}

void FramedSocket::end() {
    close();
    if (onEnd) onEnd(*this);
}

void FramedSocket::await(bool alsoWrites) {
    if (alsoWrites == isWaiting_) return;
    isWaiting_ = alsoWrites;
    reactor_.watch(fd_, EPOLL_CTL_MOD, EPOLLIN | (alsoWrites ? EPOLLOUT : 0U), this);
}

void FramedSocket::flush() {
    while (pending() > 0) {
        const ssize_t size = ::send(fd_, out.data() + written_, pending(), MSG_NOSIGNAL);
        if (size < 0 && errno == EAGAIN) break;
        if (size < 0) return end();
        written_ += static_cast<std::size_t>(size);
    }
    const bool isAll = pending() == 0;
    if (isAll || written_ > kCompactAt) {
        out.erase(0, written_);
        written_ = 0;
    }
    await(!isAll);
}

void FramedSocket::onReady(unsigned events) {
    if (fd_ < 0) return;
    if (isListener) return onOpen(*this);
    if (isConnecting_) return finishConnect();
    if ((events & EPOLLOUT) != 0) flush();
    if (fd_ >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void FramedSocket::finishConnect() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end();
    isConnecting_ = false;
    if (onOpen) onOpen(*this);
    if (fd_ >= 0) flush();
}

void FramedSocket::read() {
    std::vector<char>& input = reactor_.input;
    const std::size_t before = left_.size();
    std::memcpy(input.data(), left_.data(), before);
    const ssize_t size = ::recv(fd_, input.data() + before, input.size() - before, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end();
    std::string_view bytes(input.data(), before + static_cast<std::size_t>(size));
    while (const auto frame = readFrame(bytes)) {
        onPacket(*this, *frame);
        if (fd_ < 0) return;
        bytes.remove_prefix(frame->whole.size());
    }
    if (bytes.size() == input.size()) throw std::runtime_error("a packet larger than the buffer");
    left_.assign(bytes);
}

int listenOn(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setOption(fd, SOL_SOCKET, SO_REUSEADDR);
    const sockaddr_in address = addressOf(INADDR_LOOPBACK, port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    if (::listen(fd, SOMAXCONN) != 0) fail("listen");
    return fd;
}

void setNoDelay(int fd) {
    setOption(fd, IPPROTO_TCP, TCP_NODELAY);
}

}  // namespace muster::bench
