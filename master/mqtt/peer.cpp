#include "master/mqtt/peer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace muster::mqtt {

namespace {

constexpr std::size_t kMostPieces = 64;          // of one gathered write
constexpr std::chrono::seconds kCloseWithin{5};  // for the last bytes and the client's own close

}  // namespace

void Peer::start(Broker& broker, ConnectionInfo info) {
    info.isCarried = stream_ != nullptr;
    connection_ = std::make_unique<Connection>(broker, *this, std::move(info), host_->now());
}

void Peer::outputReady() {
    if (isDirty_) return;
    isDirty_ = true;
    host_->flushLater(*this);
}

void Peer::inputWanted() {
    if (!hasInput_ || isQueued_ || host_ == nullptr) return;
    isQueued_ = true;
    host_->readLater(*this);
}

void Peer::close() {
    if (isClosing_) return;
    isClosing_ = true;
    closeBy_ = host_->now() + kCloseWithin;
    host_->closing(*this);
    outputReady();
}

void Peer::onReady(bool canRead, bool canWrite, bool hasEnded) {
    if (host_ == nullptr) return;
    if (canWrite && isStuck_) {
        isStuck_ = false;
        outputReady();
    }
    hasEnded_ = hasEnded_ || hasEnded;
    if (!canRead && !hasEnded) return;
    hasInput_ = true;
    if (!isQueued_) read();
}

void Peer::read() {
    isQueued_ = false;
    if (host_ == nullptr || !hasInput_) return;
    if (connection_ && !wantsInput()) return;  // inputWanted() or flush() goes on
    if (connection_ && stream_) noteStreamEnd();
    if (connection_ && isClosing_) return;
    std::vector<char>& input = host_->input;
    const std::size_t room = std::min(input.size(), host_->share);
    const ssize_t size = ::recv(socket_.get(), input.data(), room, 0);
    if (size == 0) return end(connection_ ? "the client hung up" : "closed");
    if (size < 0) {
        if (errno == EINTR) return inputWanted();
        if (errno != EAGAIN) return end(connection_ ? "the connection broke" : "closed");
        hasInput_ = false;
        return;
    }
    const auto count = static_cast<std::size_t>(size);
    // Less than there was room for is all there was: what comes next is announced anew (epoll(7)).
    hasInput_ = count == room || hasEnded_;
    inputWanted();
    if (!connection_) return;  // it lingers: what still comes is nobody's
    const std::string_view raw(input.data(), count);
    if (stream_)
        decode(raw);
    else
        connection_->receive(raw, host_->now());
    if (!isClosing_ && connection_->takeQuickAck()) acknowledgeAtOnce();
}

bool Peer::wantsInput() {
    // Also what a stream answers by itself, like pongs, has to be read by somebody.
    return connection_->wantsInput() &&
           (!stream_ || stream_->output().bytes() <= ByteStream::kMostOutput);
}

void Peer::decode(std::string_view raw) {
    std::string& plain = host_->plain;
    plain.clear();
    // A handshake is bounded by its deadline; with a low rate it would not be done by then.
    if (stream_->state() == ByteStream::State::Open) connection_->carried(raw.size(), host_->now());
    stream_->decode(raw, plain);
    if (const auto certificate = stream_->takeCertificate())
        connection_->showed(std::move(*certificate));
    if (!plain.empty()) connection_->receive(plain, host_->now());
    noteStreamEnd();
    if (!stream_->output().empty()) outputReady();
}

void Peer::noteStreamEnd() {
    if (isClosing_) return;
    const ByteStream::State state = stream_->state();
    const bool isOver = state == ByteStream::State::Failed || state == ByteStream::State::Ended;
    if (isOver && connection_->hasInputLeft()) {
        hasInput_ = true;  // the next read(), once more is wanted, comes back to it
        return;
    }
    if (state == ByteStream::State::Failed)
        connection_->streamFailed(stream_->reason(), host_->now());
    if (state == ByteStream::State::Ended) connection_->ended(stream_->reason(), host_->now());
}

// Whether there is something to write now.
bool Peer::hasOutput() {
    if (!stream_) return !connection_->output().empty();
    stream_->encode(connection_->output());
    noteStreamEnd();
    if (isClosing_ && stream_->output().empty()) stream_->finish();
    return !stream_->output().empty();
}

// The kernel forgets the wish at once, so that it is repeated. Without it a client that uses
// Nagle's algorithm waits 40 ms after each PUBACK for our delayed TCP acknowledgement.
void Peer::acknowledgeAtOnce() {
    const int on = 1;
    (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

ssize_t Peer::gatherAndSend() const {
    const std::vector<std::string_view>& pieces = host_->pieces;
    if (pieces.size() == 1)
        return ::send(socket_.get(), pieces.front().data(), pieces.front().size(), MSG_NOSIGNAL);
    std::array<iovec, kMostPieces> buffers;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        buffers[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    msghdr message = {};
    message.msg_iov = buffers.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
}

bool Peer::writeSome() {
    output().peek(host_->pieces, kMostPieces);
    const ssize_t size = gatherAndSend();
    if (size >= 0) {
        output().consume(static_cast<std::size_t>(size));
        return true;
    }
    if (errno == EINTR) return true;
    if (errno == EAGAIN) {
        isStuck_ = true;
    } else {
        end("the connection broke");
    }
    return false;
}

void Peer::flush() {
    isDirty_ = false;
    if (host_ == nullptr || !connection_ || isStuck_) return;
    const std::size_t before = connection_->output().bytes();
    while (hasOutput()) {
        if (writeSome()) continue;
        if (connection_ && connection_->output().bytes() < before)
            connection_->drained(host_->now());
        return;
    }
    if (isClosing_) return linger();
    connection_->drained(host_->now());
    inputWanted();
}

// All is written. Closing now, with input unread, would reset the connection, and the client might
// never see the last packet: so it is told that nothing follows and given time to hang up. But who
// said goodbye waits for nothing, unless a stream has a goodbye of its own.
void Peer::linger() {
    if (!stream_ && connection_->hasPeerLeft()) return end("closed");
    connection_->ended("closed", host_->now());
    connection_.reset();
    stream_.reset();
    if (::shutdown(socket_.get(), SHUT_WR) != 0) return end("closed");
    inputWanted();
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
    stream_.reset();
    std::exchange(host_, nullptr)->closes(socket_.get());
    socket_.reset();
}

}  // namespace muster::mqtt
