#pragma once

#include "common/event_loop.hpp"
#include "common/wire/pomelo_wire.hpp"

#include <muster/result.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
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
    /// Keeps `request`. Precondition: makeRoom() said yes.
    void keep(Request request);
    /// Takes the request off; no value if none of this id waits.
    std::optional<pomelo::ResultSlot> answered(std::uint64_t id);
    /// What to send to the member that is back, oldest first. Each request comes out at most once.
    std::vector<std::string> comeBack(TimePoint now);
    void dropExpired(TimePoint now);
    /// Drops all; their ids, oldest first.
    std::vector<std::uint64_t> clear();
    std::size_t size() const { return requests_.size(); }

private:
    struct Kept {
        std::string payload;  // empty once it was sent again: it is not needed any more
        TimePoint deadline;
        pomelo::ResultSlot slot;
    };
    using Requests = std::map<std::uint64_t, Kept>;
    Requests::iterator erase(Requests::iterator request);

    Limits limits_;
    Requests requests_;
    std::size_t bytes_ = 0;
};

}  // namespace muster
