#pragma once

#include "common/event_loop.hpp"
#include "common/wire/pomelo_wire.hpp"

#include <muster/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// The requests that one pomelo member was asked and has not answered: kept while it is away, sent
/// once more when it is back, never past their deadline (pomelo-admin's message keeping, bounded).
/// Pure.
class PomeloOutbox {
public:
    struct Limits {
        std::size_t maxRequests = 10'000;
        std::size_t maxBytes = 8 << 20;
    };
    struct Request {
        std::uint64_t id = 0;
        std::string payload;  // as encodeRequest made it
        TimePoint deadline;
        pomelo::ResultSlot slot = pomelo::ResultSlot::Body;
    };

    explicit PomeloOutbox(Limits limits) : limits_(limits) {}
    /// Limit if too many wait, after those past their deadline were dropped.
    Result<void> makeRoom(std::size_t bytes, TimePoint now);
    /// Keeps `request`. Precondition: makeRoom() said yes; ids rise from one to the next.
    void keep(Request request);
    /// Takes the request off; no value if none of this id waits.
    std::optional<pomelo::ResultSlot> answered(std::uint64_t id);
    /// What to send to the member that is back, oldest first. Each request comes out at most once.
    std::vector<std::string> comeBack(TimePoint now);
    void dropExpired(TimePoint now);
    /// Drops all; their ids, oldest first.
    std::vector<std::uint64_t> clear();
    std::size_t size() const { return size_; }

private:
    struct Kept {
        std::uint64_t id;
        std::string payload;  // empty once it was sent again: it is not needed any more
        TimePoint deadline;
        pomelo::ResultSlot slot;
        bool isOpen;
    };
    void close(Kept& request);
    void tidyUp();

    Limits limits_;
    // In order of their ids. Those that are closed stay until they are the first, or many.
    std::vector<Kept> requests_;
    std::size_t first_ = 0;  // the first that may be open
    std::size_t size_ = 0;   // those that are open
    std::size_t bytes_ = 0;
};

}  // namespace muster
