#pragma once

#include <muster/types.hpp>

namespace muster {

/// Wraps `inner` so that it is called exactly once: by the first call, or, when the last copy is
/// dropped uncalled, with Errc::Failed "handler gave no answer". Later calls have no effect. May be
/// called and dropped on any thread; `inner` runs on that thread. An exception of `inner` is
/// swallowed: an answer has nobody to throw to. An empty `inner` gives a reply without effect.
Reply onceReply(Reply inner);

}  // namespace muster
