#include "common/wire/envelope.hpp"

#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using std::chrono::milliseconds;

TEST(WireTime, WritesUtcWithMilliseconds) {
    EXPECT_EQ(formatTime(WallTime(milliseconds(0))), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(formatTime(WallTime(milliseconds(1795249504123))), "2026-11-21T08:25:04.123Z");
    EXPECT_EQ(formatTime(WallTime(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(WireTime, ReadsWhatItWrites) {
    for (const std::int64_t ms : {0LL, 951'782'400'000LL, 1'795'249'504'123LL, 4'102'444'799'999LL})
        EXPECT_EQ(parseTime(formatTime(WallTime(milliseconds(ms)))), WallTime(milliseconds(ms)));
}

TEST(WireTime, ReadsOffsetsAndOtherPrecisions) {
    const auto time = parseTime("2026-11-21T08:25:04.100Z");
    EXPECT_EQ(parseTime("2026-11-21T10:25:04.1+02:00"), time);
    EXPECT_EQ(parseTime("2026-11-21T02:55:04.100000001-05:30"), time);
    EXPECT_EQ(parseTime("2026-11-21T08:25:04Z"), *time - milliseconds(100));
}

TEST(WireTime, RefusesWhatIsNoTime) {
    for (const char* text : {"",
                             "2026",
                             "2026-11-21",
                             "2026-11-21 08:25:04Z",
                             "2026-13-01T00:00:00Z",
                             "2026-02-29T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-01-00T00:00:00Z",
                             "2026-01-01T24:00:00Z",
                             "2026-01-01T00:60:00Z",
                             "2026-01-01T00:00:60Z",
                             "2026-01-01T00:00:00",
                             "2026-01-01T00:00:00.Z",
                             "2026-01-01T00:00:00.1234567890Z",
                             "2026-01-01T00:00:00Zx",
                             "2026-01-01T00:00:00+24:00",
                             "2026-01-01T00:00:00+0100",
                             "9999-01-01T00:00:00Z",
                             "0001-01-01T00:00:00Z",
                             "-026-01-01T00:00:00Z"})
        EXPECT_FALSE(parseTime(text).has_value()) << text;
}

}  // namespace
}  // namespace muster::wire
