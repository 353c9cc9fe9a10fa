#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster::supervisor {

/// One server of a type that is to have another number of them.
struct ScaleMember {
    std::string id;
    bool wantsRun = false;    // it runs, or is to
    bool isAddition = false;  // added at run time: the configuration does not have it
};

/// What gives a type the number of servers that is asked for.
struct ScalePlan {
    std::vector<std::string> starts;   // were stopped; lowest number first
    std::vector<std::string> stops;    // of the configuration: they stay, stopped
    std::vector<std::string> removes;  // of the additions: stopped and forgotten
    std::size_t creates = 0;           // new ones
};

/// The lowest numbers stay or come back, the highest go. Pure.
ScalePlan planScale(std::vector<ScaleMember> members, std::size_t count);

/// Whether `left` comes before `right` when the digits in them count as numbers: "a-9" before
/// "a-10".
bool isNaturallyBefore(std::string_view left, std::string_view right);

}  // namespace muster::supervisor
