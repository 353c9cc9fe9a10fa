#include "modules/console/cron.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace muster::modules {
namespace {

class CronTest : public testing::Test {
protected:
    void SetUp() override { useZone("UTC"); }
    static void useZone(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }
    static std::time_t at(const char* text) {
        std::tm local{};
        ::strptime(text, "%Y-%m-%d %H:%M:%S", &local);
        local.tm_isdst = -1;
        return std::mktime(&local);
    }
    static std::string next(const char* cron, const char* after) {
        const auto parsed = Cron::parse(cron);
        if (!parsed) return parsed.error().detail();
        const auto time = parsed->next(at(after));
        if (!time) return "never";
        std::tm local{};
        localtime_r(&*time, &local);
        char text[32];
        std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
        return text;
    }
};

TEST_F(CronTest, FiresAtTheNextMatchingSecond) {
    struct Row {
        const char* cron;
        const char* after;
        const char* next;
    };
    for (const Row& row : {
             Row{"* * * * * *", "2026-11-21 10:00:00", "2026-11-21 10:00:01"},
             Row{"0 * * * * *", "2026-11-21 10:00:00", "2026-11-21 10:01:00"},
             Row{"0 30 10 1 4 *", "2026-11-21 10:00:00", "2027-05-01 10:30:00"},  // month from 0
             Row{"0 0 24 * * *", "2026-11-21 10:00:00", "2026-11-22 00:00:00"},   // hour 24 is 0
             Row{"5/20 * * * * *", "2026-11-21 10:00:00", "2026-11-21 10:00:05"},
             Row{"5/20 * * * * *", "2026-11-21 10:00:25", "2026-11-21 10:00:45"},
             Row{"5/20 * * * * *", "2026-11-21 10:00:45", "2026-11-21 10:01:05"},
             Row{"0/15 * * * * *", "2026-11-21 10:00:14", "2026-11-21 10:00:15"},
             Row{"0 0 10-12 * * *", "2026-11-21 10:00:00", "2026-11-21 11:00:00"},
             Row{"0 0 10-12 * * *", "2026-11-21 12:00:00", "2026-11-22 10:00:00"},
             Row{"0 0,30 9 * * *", "2026-11-21 09:00:00", "2026-11-21 09:30:00"},
             Row{"0 0 0 * * 0", "2026-11-21 10:00:00", "2026-11-22 00:00:00"},   // Sunday
             Row{"0 0 0 13 * 5", "2026-11-21 10:00:00", "2027-08-13 00:00:00"},  // both must match
             Row{"0 0 0 29 1 *", "2026-11-21 10:00:00", "2028-02-29 00:00:00"},
             Row{"0 0 0 31 * *", "2026-11-21 10:00:00", "2026-12-31 00:00:00"},
             Row{"0 0 0 29 1 1", "2026-11-21 10:00:00", "2044-02-29 00:00:00"},
             Row{"59 59 23 31 11 *", "2026-12-31 23:59:59", "2027-12-31 23:59:59"},
         })
        EXPECT_EQ(next(row.cron, row.after), row.next) << row.cron << " after " << row.after;
}

TEST_F(CronTest, NamesTheFieldThatIsWrong) {
    struct Row {
        const char* cron;
        const char* field;
    };
    for (const Row& row : {Row{"5/5 * * * * *", "second"},
                           Row{"* 20/15 * * * *", "minute"},
                           Row{"* * 0/0 * * *", "hour"},
                           Row{"5-1 * * * * *", "second"},
                           Row{"*/5 * * * * *", "second"},
                           Row{"60 * * * * *", "second"},
                           Row{"* * 25 * * *", "hour"},
                           Row{"* * * 0 * *", "day of month"},
                           Row{"* * * 32 * *", "day of month"},
                           Row{"* * * * 12 *", "month"},
                           Row{"* * * * * 7", "day of week"},
                           Row{"a * * * * *", "second"},
                           Row{"1,,2 * * * * *", "second"},
                           Row{"1, * * * * *", "second"},
                           Row{"-1 * * * * *", "second"},
                           Row{"1-70 * * * * *", "second"},
                           Row{"* * * 30 1 *", "day of month"},
                           Row{"99999999999999999999 * * * * *", "second"},
                           Row{"50/55 * * 31 5 *", "day of month"},
                           Row{"* * * 31/40 * *", ""},
                           Row{"* * * * 50/60 *", "month"}}) {
        const auto parsed = Cron::parse(row.cron);
        if (std::string_view(row.field).empty()) {
            EXPECT_TRUE(parsed) << row.cron;
            continue;
        }
        ASSERT_FALSE(parsed) << row.cron;
        EXPECT_EQ(parsed.error().code(), Errc::BadMessage);
        EXPECT_NE(parsed.error().detail().find(std::string("cron: ") + row.field + " '"),
                  std::string::npos)
            << row.cron << ": " << parsed.error().detail();
    }
}

TEST_F(CronTest, WantsSixFields) {
    for (const char* text : {"", "*", "* * * * *", "* * * * * * *", " * * * * * *", "* * * * * * ",
                             "*  * * * * *", "*\t* * * * *"})
        EXPECT_FALSE(Cron::parse(text)) << '"' << text << '"';
}

TEST_F(CronTest, PassesOverTimesThatAClockChangeSkips) {
    useZone("CET-1CEST,M3.5.0,M10.5.0/3");
    EXPECT_EQ(next("0 30 2 * * *", "2027-03-27 12:00:00"), "2027-03-29 02:30:00");
    EXPECT_EQ(next("0 30 2 * * *", "2027-03-26 12:00:00"), "2027-03-27 02:30:00");
}

TEST_F(CronTest, FiresOnceWhereAClockChangeRepeatsAnHour) {
    useZone("CET-1CEST,M3.5.0,M10.5.0/3");
    const auto cron = Cron::parse("0 30 2 * * *");
    ASSERT_TRUE(cron);
    const std::time_t before = at("2027-10-30 12:00:00");
    const auto first = cron->next(before);
    ASSERT_TRUE(first);
    const auto second = cron->next(*first);
    ASSERT_TRUE(second);
    EXPECT_GE(*second - *first, 23 * 3600);
    EXPECT_EQ(next("0 30 2 * * *", "2027-10-31 12:00:00"), "2027-11-01 02:30:00");
}

}  // namespace
}  // namespace muster::modules
