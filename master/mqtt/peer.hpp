#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/connection.hpp"

#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace muster::mqtt {

class Peer;

/// What the peers of one listener share, so that an idle one owns no buffer.
class PeerHost {
public:
    virtual ~PeerHost() = default;
    virtual TimePoint now() const = 0;
    /// Calls peer.flush() at the end of this turn.
    virtual void flushLater(const std::shared_ptr<Peer>& peer) = 0;
    /// The peer has no connection any more; it waits for the client to hang up (`lingers`) or is
    /// done.
    virtual void closing(const std::shared_ptr<Peer>& peer) = 0;
    virtual void done(Peer& peer) = 0;

    std::vector<char> input;                         // of the read that is being handled
    std::vector<std::string_view> pieces;            // scratch of a write
    std::vector<boost::asio::const_buffer> buffers;  // scratch of a write
};

/// One accepted TCP connection: a Connection and the socket it stands on. Shared between its
/// listener and the operations under way.
class Peer final : public Wire, public std::enable_shared_from_this<Peer> {
public:
    Peer(boost::asio::ip::tcp::socket socket, PeerHost& host) noexcept
        : socket_(std::move(socket)), host_(&host) {}

    /// Begins to read.
    void start(Broker& broker, ConnectionInfo info);
    /// Writes what is there; ends what was to be closed.
    void flush();
    /// Cuts the connection; afterwards host and broker are not touched any more.
    void cut(std::string_view reason);
    /// Whether it should have been gone by now.
    bool isOverdue(TimePoint now) const noexcept { return isClosing_ && now >= closeBy_; }

    void outputReady() override;
    void inputWanted() override;
    void close() override;

private:
    void watchForDeadNetwork();
    void waitForInput();
    void waitForRoom();
    void onInput();
    void discardInput();
    void acknowledgeAtOnce();
    bool writeSome();
    void linger();
    void end(std::string_view reason);

    boost::asio::ip::tcp::socket socket_;
    PeerHost* host_;                          // null after cut()
    std::unique_ptr<Connection> connection_;  // null while it lingers
    TimePoint closeBy_{};
    bool isDirty_ = false;    // flush() will come
    bool isReading_ = false;  // a wait for input is under way
    bool isWaiting_ = false;  // a wait for room in the socket is under way
    bool isClosing_ = false;
};

}  // namespace muster::mqtt
