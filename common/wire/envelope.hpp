#pragma once

#include "common/event_loop.hpp"

#include <muster/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The JSON around every admin message (docs/protocol.md). Bodies stay text: they are validated,
/// sliced out and passed on, never re-serialised.
namespace muster::wire {

/// What makes a message an order: executed at most once, by receivers that have seen no higher
/// epoch, before its deadline.
struct OrderTag {
    std::string id;          // UUIDv7
    std::int64_t epoch = 0;  // >= 1
    std::string clusterUid;
    std::string incarnation;  // empty: any
    WallTime deadline;
    bool operator==(const OrderTag&) const = default;
};

struct Envelope {
    std::string moduleId;
    std::string command;  // empty: none
    JsonText body;        // empty: absent
    std::optional<OrderTag> order;
    bool operator==(const Envelope&) const = default;
};

struct Answer {
    std::optional<Error> error;
    JsonText body;  // empty: absent
};

/// {"v":1,"time":..,"moduleId":..,"command"?,"body"?,"order"?}
std::string encode(const Envelope& envelope, WallTime now);
/// BadMessage if it is not one JSON object with v = 1 and acceptable fields. At most 64 levels
/// deep.
Result<Envelope> decodeEnvelope(std::string_view payload);

/// {"v":1,"time":..,"error"?:{"code","message"},"body"?}
std::string encode(const Answer& answer, WallTime now);
Result<Answer> decodeAnswer(std::string_view payload);

/// RFC 3339 UTC with milliseconds, e.g. "2026-11-21T08:25:04.123Z".
std::string formatTime(WallTime time);
std::optional<WallTime> parseTime(std::string_view text);

/// A UUIDv7 (RFC 9562) from `now` and 74 random bits.
std::string makeUuid(WallTime now);
/// 128 random bits in hex, from the system's generator: incarnations, nonces, tokens.
std::string makeNonce();

}  // namespace muster::wire
