#include "modules/supervisor/restart_policy.hpp"

#include <algorithm>

namespace muster::supervisor {

using When = config::RestartPolicy::When;

RestartDecider::Verdict RestartDecider::onExit(const config::RestartPolicy& policy, bool isFailure,
                                               std::chrono::milliseconds ranFor) {
    if (ranFor >= policy.resetAfter) inRow_ = 0;
    if (policy.when == When::Never) return {false, {}, "its policy is never to restart"};
    if (policy.when == When::OnFailure && !isFailure)
        return {false, {}, "it ended well, and its policy is to restart on failure"};
    if (policy.max > 0 && inRow_ >= policy.max)
        return {false, {}, std::to_string(policy.max) + " restarts in a row did not help"};
    inRow_ = std::min(inRow_ + 1, 1'000'000);
    return {true, delay(policy), {}};
}

std::chrono::milliseconds RestartDecider::delay(const config::RestartPolicy& policy) {
    if (inRow_ == 1) return policy.first;
    const int doublings = std::min(inRow_ - 2, 30);
    const double wait = std::min(static_cast<double>(policy.base.count()) *
                                     static_cast<double>(std::int64_t{1} << doublings),
                                 static_cast<double>(policy.cap.count()));
    const double jitter = std::uniform_real_distribution<double>(0.8, 1.2)(random_);
    return std::chrono::milliseconds(static_cast<std::int64_t>(wait * jitter));
}

}  // namespace muster::supervisor
