// What one connection may cost: time, rate, and output that nobody reads.
#include "master/mqtt/connection.hpp"

namespace muster::mqtt {

namespace {

constexpr auto kKeepAliveGrace = std::chrono::milliseconds(1'500);  // per second of Keep Alive

}  // namespace

void Connection::settle() {
    if (!halfOpen_) return;
    broker_.admission().settled(*halfOpen_);
    halfOpen_.reset();
}

void Connection::makeWay() {
    settle();
    if (state_ == State::Closed) return;
    if (connect_ && !isAccepted_)
        refuse(ReasonCode::ServerBusy, "too many connections without a session");
    else
        finish(false, "too many connections without a session");
}

// Reads no more while the client is in debt. It cannot be silent meanwhile, as far as we know.
void Connection::boundRate(std::size_t bytes, TimePoint now) {
    rate_->refill(now);
    rate_->takeBytes(bytes);
    const bool wasPaused = std::exchange(isPaused_, rate_->isInDebt());
    if (isPaused_) lastInput_ = now;
    if (isPaused_ && !wasPaused) ++broker_.counters().ratePauses;
    if (wasPaused && !isPaused_) wire_.inputWanted();
}

void Connection::carried(std::size_t bytes, TimePoint now) {
    if (rate_ && state_ != State::Closed) boundRate(bytes, now);
}

void Connection::noteWritten() {
    const std::size_t written = output_.takeConsumed();
    broker_.counters().bytesSent += written;
    slowWatch_.wrote(written);
}

void Connection::tickOpen(TimePoint now) {
    const BrokerLimits& limits = broker_.limits();
    // Who is not read because the store is slow cannot be silent.
    if (holdsTooMuch() || isOwing_ || broker_.mustWaitForStore()) lastInput_ = now;
    if (keepAlive_ != 0 && now - lastInput_ > keepAlive_ * kKeepAliveGrace) {
        ++broker_.counters().keepAliveTimeouts;
        return disconnect(ReasonCode::KeepAliveTimeout, "keep alive timeout");
    }
    if (!slowWatch_.isStuck(hasRoom(), limits.pumpBytes, limits.slowConsumerTimeout, now)) return;
    constexpr std::string_view kWhy = "the client reads too slowly";
    ++broker_.counters().slowConsumersClosed;
    if (auto* observer = broker_.observer())
        observer->connectionRefused(info_.peer, session_->clientId(), ReasonCode::QuotaExceeded,
                                    kWhy);
    disconnect(ReasonCode::QuotaExceeded, kWhy);
}

}  // namespace muster::mqtt
