#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

/// Compares what stands in a server's presence topic with what that server said last. Pure.
class OwnPresence {
public:
    explicit OwnPresence(std::string incarnation) : incarnation_(std::move(incarnation)) {}
    /// A new connection: what was on its way on the old one may never be seen.
    void connected();
    /// This life was a member on the connection that exists now.
    void registered() { wasRegistered_ = true; }
    void said(std::string payload);
    /// `payload` stands there now. True if it has to be said again: something else (an older will,
    /// an older life) stands there, and nothing of ours is on its way to replace it.
    bool mustRepeat(std::string_view payload);
    /// Call before mustRepeat(). True if `payload` shows that another process took this id while
    /// this one, a member before, was not connected. Not every broker says so when it cuts the
    /// older connection. A life that was there before this one is not such.
    bool showsNewerLife(std::string_view payload);

private:
    const std::string incarnation_;
    std::set<std::string> olderLives_;  // seen while this one was connected; bounded
    bool wasRegistered_ = false;
    bool isReturning_ = false;  // connected again, own word not seen yet
    std::string last_;
    std::deque<std::string> pending_;  // said, not yet seen; bounded
};

}  // namespace muster
