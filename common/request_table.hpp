#pragma once

#include "common/event_loop.hpp"

#include <muster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster {

/// Requests that wait for their one answer: id -> Reply, owner and deadline. Pure and bounded;
/// owned by one agent, on its loop. Each Reply that went in comes out exactly once: from take(),
/// takeExpired(), takeOwner() or takeAll(); who takes it answers it. The table never calls one, so
/// a Reply may add the next request.
class RequestTable {
public:
    /// `limit`: how many may wait at once.
    explicit RequestTable(std::size_t limit = 10'000) : limit_(limit) {}

    /// The new request's id: 1, 2, 3 … never reused. Limit if the table is full; `reply` is then
    /// left with the caller. `owner` names whom the answer is expected from (takeOwner).
    Result<std::uint64_t> add(Reply&& reply, TimePoint deadline, std::string_view owner = {});
    /// The Reply of `id`, which is then forgotten. No value: never was, answered or expired.
    std::optional<Reply> take(std::uint64_t id);
    /// The same, only if `owner` is the one it was added with: nobody answers for another.
    std::optional<Reply> take(std::uint64_t id, std::string_view owner);
    /// All whose deadline is at or before `now`, oldest deadline first.
    std::vector<Reply> takeExpired(TimePoint now);
    /// All of one owner, in order of their ids.
    std::vector<Reply> takeOwner(std::string_view owner);
    /// Everything, in order of the ids.
    std::vector<Reply> takeAll();

    bool contains(std::uint64_t id) const { return entries_.count(id) != 0; }
    /// When takeExpired() has something to do next.
    std::optional<TimePoint> nextDeadline();
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        Reply reply;
        std::string owner;
    };
    using Deadline = std::pair<TimePoint, std::uint64_t>;
    Reply extract(std::unordered_map<std::uint64_t, Entry>::iterator entry);
    Deadline popDeadline();
    void compactDeadlines();

    std::size_t limit_;
    std::uint64_t last_ = 0;
    std::unordered_map<std::uint64_t, Entry> entries_;
    // A heap, the next one on top. An answered request stays in it until it comes up, or until most
    // of the heap is answered: taking it out at once would cost more than all else here.
    std::vector<Deadline> deadlines_;
};

}  // namespace muster
