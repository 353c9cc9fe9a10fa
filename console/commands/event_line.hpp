#pragma once

#include <muster/types.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace muster::cli {

/// One event of the cluster (docs/protocol.md, Events).
struct Event {
    std::string time, kind, id, cause;
    JsonText json;  // the body, with "kind" in it
};

/// Reads a body from topic `…/event/<kind>/<id>`; what the topic does not tell is taken from the
/// body. No value if the body is no JSON object.
std::optional<Event> parseEvent(std::string_view topic, std::string_view payload);

/// "10:32:07.123 exited chat-1: exit 139", not yet safe for a terminal.
std::string eventLine(const Event& event);

}  // namespace muster::cli
