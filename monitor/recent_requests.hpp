#pragma once

#include "common/event_loop.hpp"

#include <muster/types.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// Knows a pomelo master's re-pushed requests again: they come a second time with their number as
/// a string, and must be answered again but not done again. Pure.
class RecentRequests {
public:
    enum class Verdict { Execute, Wait, Repeat };
    struct Decision {
        Verdict verdict;
        std::optional<Result<JsonText>> outcome;  // of Repeat
    };
    /// `id` as it came: a number, or that number as a string. `what`: everything else of the
    /// request; a master that started anew counts from 1 again, so a number alone names nothing.
    Decision decide(const std::string& id, std::uint64_t number, const std::string& what,
                    TimePoint now);
    /// The ids that wait for this outcome, the request's own first; `outcome` is remembered.
    std::vector<std::string> finished(const std::string& id, std::uint64_t number,
                                      Result<JsonText> outcome);

private:
    struct Entry {
        std::string what;
        TimePoint start;
        std::vector<std::string> ids;  // waiting
        std::optional<Result<JsonText>> outcome;
    };
    std::map<std::uint64_t, Entry> entries_;
    std::deque<std::uint64_t> ages_;
};

}  // namespace muster
