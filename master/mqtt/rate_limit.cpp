#include "master/mqtt/rate_limit.hpp"

#include <algorithm>

namespace muster::mqtt {

RateLimit::RateLimit(RateLimits limits, TimePoint now) noexcept
    : limits_(limits),
      filledAt_(now),
      messages_(static_cast<double>(limits.messagesPerSecond)),
      bytes_(static_cast<double>(limits.bytesPerSecond)) {}

void RateLimit::refill(TimePoint now) noexcept {
    const double seconds = std::chrono::duration<double>(now - filledAt_).count();
    filledAt_ = now;
    const auto fill = [seconds](double& bucket, std::uint64_t perSecond) {
        const auto full = static_cast<double>(perSecond);
        bucket = std::min(full, bucket + seconds * full);
    };
    fill(messages_, limits_.messagesPerSecond);
    fill(bytes_, limits_.bytesPerSecond);
}

}  // namespace muster::mqtt
