#pragma once

#include <string_view>

namespace muster::test {

/// Feeds `input` to the codec and traps (abort) if a promise is broken: decoding is total, consumes
/// no more than it was given, says the same for the same bytes with more behind them, and what it
/// accepts comes back unchanged from encode(). The first byte chooses version and sender.
void checkCodec(std::string_view input);

}  // namespace muster::test
