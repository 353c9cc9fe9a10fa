#pragma once

#include <muster/result.hpp>

#include <bitset>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace muster::modules {

/// A time of pomelo-scheduler's cron format, corrected: six fields, second (0-59), minute (0-59),
/// hour (0-24, 24 is 0), day of month (1-31), month (0-11), day of week (0-6, Sunday 0); each `*`,
/// n, a-b, r/p (the values whose remainder by p is r: 5/20 is 5,25,45), or a comma list of these.
/// All fields must match, day of month and of week too. Local time.
class Cron {
public:
    /// BadMessage names the field and what is wrong with it; also a date that never comes.
    static Result<Cron> parse(std::string_view text);
    /// The first matching second after `after`, in the local time zone; no value if there is none
    /// within forty years. A time that a clock change skips is passed over; one that a clock
    /// change repeats comes once.
    std::optional<std::time_t> next(std::time_t after) const;

private:
    bool matchesDay(std::chrono::sys_days day) const;
    std::optional<std::time_t> firstOnDay(std::chrono::sys_days day, std::time_t after) const;

    std::bitset<60> seconds_;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<12> months_;
    std::bitset<7> weekdays_;
};

}  // namespace muster::modules
