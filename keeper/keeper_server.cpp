#include "keeper/keeper_server.hpp"

#include "common/log.hpp"
#include "common/process/unix_address.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace muster::keeper {

namespace {

constexpr std::size_t kMaxConnections = 16;
constexpr std::size_t kMaxUnsent = 32 << 20;

bool isTrusted(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

KeeperServer::~KeeperServer() {
    std::vector<int> fds;
    for (const auto& [fd, connection] : connections_) fds.push_back(fd);
    for (const int fd : fds) close(fd);
    if (!listener_) return;
    loop_.unwatch(listener_.get());
    ::unlink(path_.c_str());
}

Result<void> KeeperServer::listen(const std::string& directory) {
    path_ = directory + "/" + std::string(kSocketFile);
    ::unlink(path_.c_str());
    const auto failure = [&] {
        return Error(Errc::Failed, "cannot listen at " + path_ + ": " + std::strerror(errno));
    };
    const UnixAddress address(directory, kSocketFile);
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_ || ::bind(listener_.get(), address.get(), address.size()) != 0) return failure();
    if (::chmod(path_.c_str(), 0600) != 0 || ::listen(listener_.get(), 16) != 0) return failure();
    loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
    return {};
}

void KeeperServer::accept() {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    if (connections_.size() >= kMaxConnections || !isTrusted(socket.get()))
        return log::warn("keeper", "a connection is refused: stranger, or too many");
    const int fd = socket.get();
    connections_[fd].socket = std::move(socket);
    watch(fd, false);
}

void KeeperServer::watch(int fd, bool isWriting) {
    loop_.watch(fd, isWriting ? EPOLLIN | EPOLLOUT : EPOLLIN,
                [this, fd](std::uint32_t events) { onReady(fd, events); });
}

void KeeperServer::onReady(int fd, std::uint32_t events) {
    Connection& connection = connections_.at(fd);
    bool isAlive = true;
    if ((events & EPOLLOUT) != 0) isAlive = flush(connection);
    if (isAlive && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
        isAlive = receive(connection);
    if (!isAlive) close(fd);
}

bool KeeperServer::receive(Connection& connection) {
    std::array<char, 16384> chunk;  // not cleared
    const ssize_t got = ::read(connection.socket.get(), chunk.data(), chunk.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    connection.reader.feed({chunk.data(), static_cast<std::size_t>(got)});
    for (;;) {
        auto text = connection.reader.next();
        if (!text) {
            log::warn("keeper", "a connection is closed: {}", text.error().detail());
            return false;
        }
        if (!*text) return true;
        if (!answer(connection, **text)) return false;
    }
}

bool KeeperServer::answer(Connection& connection, const std::string& text) {
    Answer answer;
    if (auto request = decodeRequest(text)) {
        // Before it is answered, so that no event falls between the list and the attachment.
        if (request->op == Request::Op::Attach) connection.isAttached = true;
        answer = handler_(*request);
        answer.seq = request->seq;
    } else {
        answer.error = request.error();
    }
    return send(connection, encode(answer));
}

void KeeperServer::publish(const Event& event) {
    const std::string text = encode(event);
    std::vector<int> broken;
    for (auto& [fd, connection] : connections_)
        if (connection.isAttached && !send(connection, text)) broken.push_back(fd);
    // Not closed here: the caller may be inside a request of that very connection.
    for (const int fd : broken) ::shutdown(fd, SHUT_RDWR);
}

bool KeeperServer::send(Connection& connection, const std::string& text) {
    if (connection.unsent.size() + text.size() > kMaxUnsent) return false;
    connection.unsent += frame(text);
    return flush(connection);
}

bool KeeperServer::flush(Connection& connection) {
    std::string& unsent = connection.unsent;
    const bool wasEmpty = unsent.empty();
    const ssize_t sent =
        ::send(connection.socket.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) unsent.erase(0, static_cast<std::size_t>(sent));
    if (!unsent.empty() || !wasEmpty) watch(connection.socket.get(), !unsent.empty());
    return true;
}

void KeeperServer::close(int fd) {
    loop_.unwatch(fd);
    connections_.erase(fd);
}

}  // namespace muster::keeper
