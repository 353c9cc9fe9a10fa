#pragma once

#include "common/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace muster::supervisor {

/// What is known of a server that is to become empty.
struct DrainFacts {
    bool isAlive = false;              // it has a process
    bool canBeAsked = false;           // it is registered, so that it hears of it
    bool hasAgreed = false;            // it says that it takes nothing new
    std::optional<std::int64_t> busy;  // sessions; none: it never said
};

/// The wait until a server has no sessions any more. Pure.
class Drain {
public:
    enum class Verdict { Waiting, Empty, Late };
    /// How long one that is asked may take to say that it takes nothing new.
    static constexpr std::chrono::milliseconds kAnswerTime{10'000};

    Drain(TimePoint asked, std::chrono::milliseconds patience)
        : asked_(asked), deadline_(asked + patience) {}

    /// Empty is only believed of one that takes nothing new, or never says whether it does: else a
    /// session might come between the look and the signal. One that never counts is not waited for.
    Verdict look(const DrainFacts& server, TimePoint now) const {
        if (!server.isAlive) return Verdict::Empty;
        if (now >= deadline_) return Verdict::Late;
        const bool mayStillAgree = server.canBeAsked && !server.hasAgreed;
        if (mayStillAgree && now < asked_ + kAnswerTime) return Verdict::Waiting;
        return server.busy.value_or(0) > 0 ? Verdict::Waiting : Verdict::Empty;
    }

private:
    TimePoint asked_;
    TimePoint deadline_;
};

}  // namespace muster::supervisor
