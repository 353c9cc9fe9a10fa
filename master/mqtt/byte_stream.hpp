#pragma once

#include "master/mqtt/access_control.hpp"
#include "master/mqtt/output_queue.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::mqtt {

/// Scratch that the streams of one listener share, so that an idle one owns no buffer.
struct StreamScratch {
    std::string middle;                    // between two streams
    std::vector<char> input;               // of one read of a stream's library
    std::vector<std::string_view> pieces;  // of the output that is being encoded
};

/// What stands between a socket's bytes and MQTT's, on one connection: TLS, WebSocket, or one in
/// the other. No socket and no clock: its owner hands over what was read, and writes output().
/// Plain TCP has none. One thread; not called from within its own calls.
class ByteStream {
public:
    /// Failed: the client broke the rules. Ended: it said goodbye. Both for good: output() still
    /// has what is to be said about it, nothing else comes or goes.
    enum class State { Opening, Open, Ended, Failed };
    /// encode() stops at this many unsent bytes: the rest waits where its bounds are known.
    static constexpr std::size_t kMostOutput = 256u << 10;

    virtual ~ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

    /// Appends to `plain` all that `raw` and what came before it bring; may write to output().
    virtual void decode(std::string_view raw, std::string& plain) = 0;
    /// Moves bytes from `plain` to output(), while that holds less than kMostOutput. Nothing unless
    /// Open.
    virtual void encode(OutputQueue& plain) = 0;
    /// Says goodbye in output(), if the client can understand that yet. Idempotent.
    virtual void finish() = 0;
    /// What the client proved to be, once, after it did; otherwise null.
    virtual std::unique_ptr<ClientCertificate> takeCertificate() { return nullptr; }
    virtual State state() const noexcept = 0;
    /// Why it Ended or Failed, for the log.
    virtual std::string_view reason() const noexcept = 0;
    /// Raw bytes for the socket.
    virtual OutputQueue& output() noexcept = 0;

protected:
    ByteStream() = default;
};

/// The parts that every stream has.
class BasicStream : public ByteStream {
public:
    State state() const noexcept override { return state_; }
    std::string_view reason() const noexcept override { return reason_; }
    OutputQueue& output() noexcept override { return output_; }

protected:
    bool isOver() const noexcept { return state_ == State::Ended || state_ == State::Failed; }
    void opened() noexcept { state_ = State::Open; }
    /// The first end counts.
    void end(State state, std::string reason) {
        if (isOver()) return;
        state_ = state;
        reason_ = std::move(reason);
    }

private:
    State state_ = State::Opening;
    std::string reason_;
    OutputQueue output_;
};

/// One stream within another: WebSocket (`upper`) in TLS (`lower`).
class StackedStream final : public ByteStream {
public:
    StackedStream(std::unique_ptr<ByteStream> lower, std::unique_ptr<ByteStream> upper,
                  StreamScratch& scratch)
        : lower_(std::move(lower)), upper_(std::move(upper)), scratch_(scratch) {}

    void decode(std::string_view raw, std::string& plain) override;
    void encode(OutputQueue& plain) override;
    void finish() override;
    std::unique_ptr<ClientCertificate> takeCertificate() override {
        return lower_->takeCertificate();
    }
    State state() const noexcept override;
    std::string_view reason() const noexcept override;
    OutputQueue& output() noexcept override { return lower_->output(); }

private:
    std::unique_ptr<ByteStream> lower_, upper_;
    StreamScratch& scratch_;
};

}  // namespace muster::mqtt
