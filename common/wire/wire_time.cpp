#include "common/wire/envelope.hpp"

#include <array>

namespace muster::wire {
namespace {

using std::chrono::milliseconds;

void put(char* at, int digits, std::int64_t value) {
    for (int i = digits - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Reads fixed fields of a text from left to right; one failure spoils it for good.
class Fields {
public:
    explicit Fields(std::string_view text) : rest_(text) {}
    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const char c = next();
            isGood_ = isGood_ && c >= '0' && c <= '9';
            value = value * 10 + (c - '0');
        }
        return isGood_ ? value : 0;
    }
    void literal(char expected) { isGood_ = next() == expected && isGood_; }
    char next() {
        if (rest_.empty()) {
            isGood_ = false;
            return '\0';
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    void fail() { isGood_ = false; }
    bool isGood() const { return isGood_; }
    bool isAtEnd() const { return rest_.empty(); }

private:
    std::string_view rest_;
    bool isGood_ = true;
};

/// What stands after the seconds: ".123456" with 1 to 9 digits, or nothing.
milliseconds fraction(Fields& fields) {
    if (fields.peek() != '.') return {};
    fields.next();
    int value = 0;
    int digits = 0;
    for (; fields.peek() >= '0' && fields.peek() <= '9'; ++digits) {
        const int digit = fields.next() - '0';
        if (digits < 3) value = value * 10 + digit;
    }
    if (digits < 1 || digits > 9) fields.fail();
    for (int i = digits; i < 3; ++i) value *= 10;
    return milliseconds(value);
}

std::chrono::minutes offset(Fields& fields) {
    const char sign = fields.next();
    if (sign == 'Z' || sign == 'z') return {};
    if (sign != '+' && sign != '-') fields.fail();
    const int hours = fields.number(2);
    fields.literal(':');
    const int minutes = fields.number(2);
    if (hours > 23 || minutes > 59) fields.fail();
    return std::chrono::minutes((sign == '-' ? -1 : 1) * (hours * 60 + minutes));
}

}  // namespace

std::string formatTime(WallTime time) {
    namespace chrono = std::chrono;
    const auto ms = chrono::floor<milliseconds>(time);
    const auto day = chrono::floor<chrono::days>(ms);
    const chrono::year_month_day date(day);
    const auto inDay = (ms - day).count();
    std::string text = "0000-00-00T00:00:00.000Z";
    put(&text[0], 4, int{date.year()});
    put(&text[5], 2, unsigned{date.month()});
    put(&text[8], 2, unsigned{date.day()});
    put(&text[11], 2, inDay / 3'600'000);
    put(&text[14], 2, inDay / 60'000 % 60);
    put(&text[17], 2, inDay / 1'000 % 60);
    put(&text[20], 3, inDay % 1'000);
    return text;
}

std::optional<WallTime> parseTime(std::string_view text) {
    namespace chrono = std::chrono;
    Fields fields(text);
    const chrono::year year(fields.number(4));
    fields.literal('-');
    const chrono::month month(static_cast<unsigned>(fields.number(2)));
    fields.literal('-');
    const chrono::day day(static_cast<unsigned>(fields.number(2)));
    fields.literal('T');
    const int hour = fields.number(2);
    fields.literal(':');
    const int minute = fields.number(2);
    fields.literal(':');
    const int second = fields.number(2);
    const milliseconds rest = fraction(fields);
    const auto east = offset(fields);
    const chrono::year_month_day date(year, month, day);
    // The clock counts nanoseconds in 64 bits: years it cannot hold are refused.
    if (!fields.isGood() || !fields.isAtEnd() || !date.ok() || year < chrono::year(1700) ||
        year > chrono::year(2250) || hour > 23 || minute > 59 || second > 59)
        return std::nullopt;
    return chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) +
           chrono::seconds(second) + rest - east;
}

}  // namespace muster::wire
