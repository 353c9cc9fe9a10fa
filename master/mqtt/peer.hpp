#pragma once

#include "common/event_loop.hpp"
#include "common/process/unique_fd.hpp"
#include "master/mqtt/byte_stream.hpp"
#include "master/mqtt/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace muster::mqtt {

class Peer;

/// What the peers of one listener share, so that an idle one owns no buffer.
class PeerHost {
public:
    virtual ~PeerHost() = default;
    virtual TimePoint now() const = 0;
    /// Calls peer.flush() at the end of this turn.
    virtual void flushLater(Peer& peer) = 0;
    /// Calls peer.read() in a later turn, after others had theirs.
    virtual void readLater(Peer& peer) = 0;
    /// The peer is to end soon: it writes its last bytes, then waits for the client to hang up.
    virtual void closing(Peer& peer) = 0;
    /// The peer closes its socket now, and hears of it no more.
    virtual void closes(int socket) = 0;
    /// The peer has no connection any more and may be destroyed, but not before this turn's end.
    virtual void done(Peer& peer) = 0;

    std::vector<char> input;               // of the read that is being handled
    std::size_t share = SIZE_MAX;          // of it, for each read of this turn; bytes
    std::vector<std::string_view> pieces;  // scratch of a write
    std::string plain;                     // what a stream made of `input`
};

/// One accepted TCP connection: a Connection and the socket it stands on, with a ByteStream between
/// them if it is not plain TCP. Driven by its listener,
/// which owns it and hears from the system each time (and only when) something became possible.
class Peer final : public Wire {
public:
    /// `socket` is connected and does not block. `stream` null: its bytes are MQTT's.
    Peer(UniqueFd socket, PeerHost& host, std::unique_ptr<ByteStream> stream = nullptr) noexcept
        : socket_(std::move(socket)), host_(&host), stream_(std::move(stream)) {}

    void start(Broker& broker, ConnectionInfo info);
    /// What became possible. `hasEnded`: the client hung up or the connection broke, which reading
    /// on will show.
    void onReady(bool canRead, bool canWrite, bool hasEnded);
    /// Handles what one read brings, if input is wanted.
    void read();
    /// Writes what is there; ends what was to be closed.
    void flush();
    /// Cuts the connection; afterwards host and broker are not touched any more.
    void cut(std::string_view reason);
    /// Whether it should have been gone by now.
    bool isOverdue(TimePoint now) const noexcept { return isClosing_ && now >= closeBy_; }
    bool hasCut() const noexcept { return host_ == nullptr; }
    /// Everything was said; it only waits for the client to hang up.
    bool isLingering() const noexcept { return !hasCut() && !connection_; }
    int socket() const noexcept { return socket_.get(); }

    void outputReady() override;
    void inputWanted() override;
    void close() override;

private:
    bool wantsInput();
    void decode(std::string_view raw);
    OutputQueue& output() noexcept { return stream_ ? stream_->output() : connection_->output(); }
    void noteStreamEnd();
    bool hasOutput();
    void acknowledgeAtOnce();
    bool writeSome();
    ssize_t gatherAndSend() const;
    void linger();
    void end(std::string_view reason);

    UniqueFd socket_;
    PeerHost* host_;                          // null after cut()
    std::unique_ptr<ByteStream> stream_;      // null: plain TCP
    std::unique_ptr<Connection> connection_;  // null while it lingers
    TimePoint closeBy_{};
    bool isDirty_ = false;   // flush() will come
    bool isQueued_ = false;  // read() will come
    bool hasInput_ = false;  // a read may bring something
    bool hasEnded_ = false;  // nothing is announced any more: read until the end is found
    bool isStuck_ = false;   // the socket takes no more for now
    bool isClosing_ = false;
};

}  // namespace muster::mqtt
