#pragma once

#include "common/process/epoll_loop.hpp"
#include "common/process/keeper_protocol.hpp"

#include <muster/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace muster::keeper {

/// The keeper's door: a unix stream socket in the state directory (mode 0600), for processes of the
/// same user or root. At most 16 connections; one that does not read is closed at 32 MiB.
class KeeperServer {
public:
    using Handler = std::function<Answer(const Request&)>;
    KeeperServer(EpollLoop& loop, Handler handler) : loop_(loop), handler_(std::move(handler)) {}
    ~KeeperServer();
    KeeperServer(const KeeperServer&) = delete;
    KeeperServer& operator=(const KeeperServer&) = delete;

    /// Listens at `<directory>/keeper.sock`; a socket file left by a dead keeper is replaced, so
    /// the caller holds the directory's lock.
    Result<void> listen(const std::string& directory);
    /// To every connection that has attached.
    void publish(const Event& event);

private:
    struct Connection {
        UniqueFd socket;
        FrameReader reader{kMaxRequest};
        std::string unsent;
        bool isAttached = false;
    };
    void accept();
    void onReady(int fd, std::uint32_t events);
    bool receive(Connection& connection);
    bool answer(Connection& connection, const std::string& text);
    bool send(Connection& connection, const std::string& text);
    bool flush(Connection& connection);
    void watch(int fd, bool isWriting);
    void close(int fd);

    EpollLoop& loop_;
    Handler handler_;
    UniqueFd listener_;
    std::string path_;
    std::unordered_map<int, Connection> connections_;
};

}  // namespace muster::keeper
