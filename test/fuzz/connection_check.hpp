#pragma once

#include <cstddef>
#include <string_view>

namespace muster::test {

/// Bytes of one step of a script; the first record of a script chooses the broker's limits.
inline constexpr std::size_t kScriptRecord = 8;

/// Plays `script` on a broker with up to four clients at once, in virtual time, and traps (abort)
/// if a promise is broken: whatever clients send, stall, or cut, each gets only packets that a
/// server may send it (see ConnectionWitness), and the broker stays within its limits. Total: any
/// bytes are a script.
///
/// A record: its first byte has what happens (low 4 bits, see ScriptStep), to which client (2
/// bits), whether bytes wait for the client's next ones (1 bit) and whether the packet is damaged
/// on the way (1 bit); the other seven are the step's arguments.
void checkConnections(std::string_view script);

}  // namespace muster::test
