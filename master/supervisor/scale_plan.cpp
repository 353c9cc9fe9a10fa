#include "master/supervisor/scale_plan.hpp"

#include <algorithm>

namespace muster::supervisor {
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// The digits at the front, without leading zeros; taken from `text`.
std::string_view takeNumber(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && isDigit(text[size])) ++size;
    std::string_view number = text.substr(0, size);
    text.remove_prefix(size);
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    return number;
}

}  // namespace

bool isNaturallyBefore(std::string_view left, std::string_view right) {
    const std::string_view wholeLeft = left, wholeRight = right;
    while (!left.empty() && !right.empty()) {
        if (isDigit(left.front()) && isDigit(right.front())) {
            const std::string_view a = takeNumber(left), b = takeNumber(right);
            if (a.size() != b.size()) return a.size() < b.size();
            if (a != b) return a < b;
            continue;
        }
        if (left.front() != right.front()) return left.front() < right.front();
        left.remove_prefix(1);
        right.remove_prefix(1);
    }
    if (left.empty() != right.empty()) return left.empty();
    return wholeLeft < wholeRight;  // "a-01" and "a-1"
}

ScalePlan planScale(std::vector<ScaleMember> members, std::size_t count) {
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return isNaturallyBefore(a.id, b.id); });
    const auto running = static_cast<std::size_t>(std::count_if(
        members.begin(), members.end(), [](const auto& member) { return member.wantsRun; }));
    ScalePlan plan;
    std::size_t more = count > running ? count - running : 0;
    std::size_t fewer = running > count ? running - count : 0;
    for (const ScaleMember& member : members)
        if (more > 0 && !member.wantsRun) {
            plan.starts.push_back(member.id);
            --more;
        }
    for (auto member = members.rbegin(); member != members.rend() && fewer > 0; ++member) {
        if (!member->wantsRun) continue;
        (member->isAddition ? plan.removes : plan.stops).push_back(member->id);
        --fewer;
    }
    plan.creates = more;
    return plan;
}

}  // namespace muster::supervisor
