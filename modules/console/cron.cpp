#include "modules/console/cron.hpp"

#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace muster::modules {
namespace {

namespace chrono = std::chrono;

constexpr chrono::days kHorizon{40 * 366};

struct Field {
    std::string_view name;
    int least;
    int most;
};
constexpr std::array<Field, 6> kFields{{{"second", 0, 59},
                                        {"minute", 0, 59},
                                        {"hour", 0, 24},
                                        {"day of month", 1, 31},
                                        {"month", 0, 11},
                                        {"day of week", 0, 6}}};

Error bad(const Field& field, std::string_view text, std::string_view what) {
    return Error(Errc::BadMessage,
                 fmt::format("cron: {} '{}': {}", field.name, text.substr(0, 64), what));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<int> numberOf(std::string_view text) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) return std::nullopt;
    return value;
}

/// The numbers on both sides of `separator`; no value if it is not there or they are none.
std::optional<std::pair<int, int>> pairOf(std::string_view text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    const auto first = numberOf(text.substr(0, at));
    const auto second = numberOf(text.substr(at + 1));
    if (!first || !second) return std::nullopt;
    return std::pair(*first, *second);
}

/// Adds the values that `item` of a list means; BadMessage if it means none.
Result<void> readItem(const Field& field, std::string_view item, std::vector<int>& values) {
    const auto isIn = [&field](int value) { return value >= field.least && value <= field.most; };
    const auto outside = [&] {
        return bad(field, item, fmt::format("must be {} to {}", field.least, field.most));
    };
    int from = field.least;
    int to = field.most;
    int remainder = 0;
    int period = 1;
    if (const auto range = pairOf(item, '-')) {
        from = range->first;
        to = range->second;
        if (!isIn(from) || !isIn(to)) return outside();
        if (from > to) return bad(field, item, "the range is empty: write the lower value first");
    } else if (const auto step = pairOf(item, '/')) {
        remainder = step->first;
        period = step->second;
        if (period == 0 || remainder >= period)
            return bad(field, item, "no value has this remainder: it must be below the period");
    } else if (const auto single = numberOf(item)) {
        if (!isIn(*single)) return outside();
        from = to = *single;
    } else if (item.find('/') != std::string_view::npos) {
        return bad(field, item, "write <remainder>/<period>, as in 0/5");
    } else if (item != "*") {
        return bad(field, item, "must be *, a number, a-b, r/p, or a list of these");
    }
    const std::size_t before = values.size();
    for (int value = from; value <= to; ++value)
        if (value % period == remainder) values.push_back(value);
    if (values.size() == before) return bad(field, item, "no value has this remainder");
    return {};
}

template <std::size_t N>
Result<void> readField(const Field& field, std::string_view text, std::bitset<N>& into) {
    std::vector<int> values;
    for (const auto item : split(text, ','))
        if (auto read = readItem(field, item, values); !read) return read;
    for (const int value : values) into.set(static_cast<std::size_t>(value) % N);
    return {};
}

std::tm localTime(std::time_t time) {
    std::tm local{};
    localtime_r(&time, &local);
    return local;
}

chrono::sys_days dateOf(const std::tm& local) {
    return chrono::sys_days(chrono::year(local.tm_year + 1900) /
                            chrono::month(static_cast<unsigned>(local.tm_mon + 1)) /
                            chrono::day(static_cast<unsigned>(local.tm_mday)));
}

/// The moment of a local time; no value if a clock change skips it.
std::optional<std::time_t> moment(const chrono::year_month_day& date, int hour, int minute,
                                  int second) {
    std::tm local{};
    local.tm_year = int{date.year()} - 1900;
    local.tm_mon = static_cast<int>(unsigned{date.month()}) - 1;
    local.tm_mday = static_cast<int>(unsigned{date.day()});
    local.tm_hour = hour;
    local.tm_min = minute;
    local.tm_sec = second;
    local.tm_isdst = -1;
    const std::time_t time = std::mktime(&local);
    if (local.tm_hour != hour || local.tm_min != minute) return std::nullopt;
    return time;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
    const auto fields = split(text, ' ');
    if (fields.size() != kFields.size())
        return Error(Errc::BadMessage,
                     fmt::format("cron: '{}' must have six fields with one space between them: "
                                 "second minute hour day month weekday",
                                 text.substr(0, 128)));
    Cron cron;
    std::array<Result<void>, 6> read{readField(kFields[0], fields[0], cron.seconds_),
                                     readField(kFields[1], fields[1], cron.minutes_),
                                     readField(kFields[2], fields[2], cron.hours_),
                                     readField(kFields[3], fields[3], cron.days_),
                                     readField(kFields[4], fields[4], cron.months_),
                                     readField(kFields[5], fields[5], cron.weekdays_)};
    for (const auto& result : read)
        if (!result) return result.error();
    // 2000 is a leap year: a day that is not in it is in no year.
    for (unsigned month = 0; month < 12; ++month)
        for (unsigned day = 1; day <= 31; ++day)
            if (cron.months_[month] && cron.days_[day] &&
                (chrono::year(2000) / chrono::month(month + 1) / chrono::day(day)).ok())
                return cron;
    return bad(kFields[3], fields[3], "the month has no such day");
}

std::optional<std::time_t> Cron::next(std::time_t after) const {
    const chrono::sys_days today = dateOf(localTime(after));
    for (chrono::sys_days day = today; day < today + kHorizon; day += chrono::days(1)) {
        if (!matchesDay(day)) continue;
        if (const auto time = firstOnDay(day, after)) return time;
    }
    return std::nullopt;
}

bool Cron::matchesDay(chrono::sys_days day) const {
    const chrono::year_month_day date(day);
    return months_[unsigned{date.month()} - 1] && days_[unsigned{date.day()}] &&
           weekdays_[chrono::weekday(day).c_encoding()];
}

std::optional<std::time_t> Cron::firstOnDay(chrono::sys_days day, std::time_t after) const {
    const std::tm start = localTime(after);
    const bool isToday = day == dateOf(start);
    const std::array<int, 3> earliest =
        isToday ? std::array{start.tm_hour, start.tm_min, start.tm_sec} : std::array{0, 0, -1};
    for (int hour = earliest[0]; hour < 24; ++hour) {
        if (!hours_[static_cast<std::size_t>(hour)]) continue;
        for (int minute = 0; minute < 60; ++minute) {
            if (!minutes_[static_cast<std::size_t>(minute)]) continue;
            for (int second = 0; second < 60; ++second) {
                if (!seconds_[static_cast<std::size_t>(second)]) continue;
                if (std::array{hour, minute, second} <= earliest) continue;
                const auto time = moment(chrono::year_month_day(day), hour, minute, second);
                if (time && *time > after) return time;
            }
        }
    }
    return std::nullopt;
}

}  // namespace muster::modules
