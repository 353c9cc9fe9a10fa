#include "master/mqtt/peer.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace muster::mqtt {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMostPieces = 64;          // of one gathered write; the system's own bound
constexpr std::chrono::seconds kCloseWithin{5};  // for the last bytes and the client's own close

}  // namespace

void Peer::start(Broker& broker, ConnectionInfo info) {
    error_code ignored;  // an option that cannot be set costs speed, nothing else
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    watchForDeadNetwork();
    connection_ = std::make_unique<Connection>(broker, *this, std::move(info), host_->now());
    waitForInput();
}

// A client without MQTT's keep alive (pomelo's have none) is found dead by TCP, after two minutes.
void Peer::watchForDeadNetwork() {
    const auto set = [this](int level, int name, int value) {
        (void)::setsockopt(socket_.native_handle(), level, name, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

void Peer::outputReady() {
    if (isDirty_) return;
    isDirty_ = true;
    host_->flushLater(shared_from_this());
}

void Peer::inputWanted() {
    waitForInput();
}

void Peer::close() {
    if (isClosing_) return;
    isClosing_ = true;
    closeBy_ = host_->now() + kCloseWithin;
    host_->closing(shared_from_this());
    outputReady();
}

void Peer::waitForInput() {
    if (isReading_ || host_ == nullptr) return;
    isReading_ = true;
    socket_.async_wait(asio::socket_base::wait_read,
                       [self = shared_from_this()](const error_code& error) {
                           self->isReading_ = false;
                           if (self->host_ == nullptr) return;
                           if (error) return self->end("waiting for input failed");
                           self->connection_ ? self->onInput() : self->discardInput();
                       });
}

void Peer::onInput() {
    if (!connection_->wantsInput()) return;  // flush() or inputWanted() begins again
    error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(host_->input), error);
    if (error == asio::error::would_block) return waitForInput();
    if (error)
        return end(error == asio::error::eof ? "the client hung up" : "the connection broke");
    connection_->receive({host_->input.data(), size}, host_->now());
    if (isClosing_) return;  // flush() goes on
    if (connection_->wantsQuickAck()) acknowledgeAtOnce();
    if (connection_->wantsInput()) waitForInput();
}

// The kernel forgets the wish at once, so that it is repeated. Without it a client that uses
// Nagle's algorithm waits 40 ms after each PUBACK for our delayed TCP acknowledgement.
void Peer::acknowledgeAtOnce() {
    const int on = 1;
    (void)::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

bool Peer::writeSome() {
    connection_->output().peek(host_->pieces, kMostPieces);
    host_->buffers.clear();
    for (const std::string_view piece : host_->pieces)
        host_->buffers.emplace_back(piece.data(), piece.size());
    error_code error;
    const std::size_t size = socket_.write_some(host_->buffers, error);
    connection_->output().consume(size);
    if (error == asio::error::would_block) {
        waitForRoom();
        return false;
    }
    if (error) {
        end("the connection broke");
        return false;
    }
    return true;
}

void Peer::flush() {
    isDirty_ = false;
    if (host_ == nullptr || !connection_ || isWaiting_) return;
    const std::size_t before = connection_->output().bytes();
    while (!connection_->output().empty()) {
        if (writeSome()) continue;
        if (connection_ && connection_->output().bytes() < before)
            connection_->drained(host_->now());
        return;
    }
    if (isClosing_) return linger();
    connection_->drained(host_->now());
    if (connection_->wantsInput()) waitForInput();
}

void Peer::waitForRoom() {
    isWaiting_ = true;
    socket_.async_wait(asio::socket_base::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                           self->isWaiting_ = false;
                           if (self->host_ == nullptr) return;
                           if (error) return self->end("waiting for room failed");
                           self->flush();
                       });
}

// All is written. Closing now, with input unread, would reset the connection, and the client might
// never see the last packet: so it is told that nothing follows and given time to hang up.
void Peer::linger() {
    connection_->ended("closed", host_->now());
    connection_.reset();
    error_code error;
    socket_.shutdown(asio::socket_base::shutdown_send, error);
    if (error) return end("closed");
    waitForInput();
}

void Peer::discardInput() {
    error_code error;
    socket_.read_some(asio::buffer(host_->input), error);
    if (error && error != asio::error::would_block) return end("closed");
    waitForInput();
}

void Peer::end(std::string_view reason) {
    PeerHost* host = host_;
    cut(reason);
    host->done(*this);
}

void Peer::cut(std::string_view reason) {
    if (host_ == nullptr) return;
    isClosing_ = true;  // whatever the goodbye writes has nowhere to go
    isDirty_ = true;
    if (connection_) connection_->ended(reason, host_->now());
    connection_.reset();
    host_ = nullptr;
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace muster::mqtt
