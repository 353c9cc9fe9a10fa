#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace muster {

/// Compares what stands in a server's presence topic with what that server said last. Pure.
class OwnPresence {
public:
    /// A new connection: what was on its way on the old one may never be seen.
    void forgetPending() { pending_.clear(); }
    void said(std::string payload);
    /// `payload` stands there now. True if it has to be said again: something else (an older will,
    /// an older life) stands there, and nothing of ours is on its way to replace it.
    bool mustRepeat(std::string_view payload);

private:
    std::string last_;
    std::deque<std::string> pending_;  // said, not yet seen; bounded
};

}  // namespace muster
