#include "master/console/pomelo_outbox.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using pomelo::ResultSlot;

const TimePoint kStart{std::chrono::hours(1)};

PomeloOutbox::Request request(std::uint64_t id, TimePoint deadline = kStart + 1min) {
    return {id, pomelo::encodeRequest(std::to_string(id), "m", "1"), deadline, ResultSlot::Body};
}

TEST(PomeloOutbox, GivesEachAnswerItsRequestOnce) {
    PomeloOutbox outbox({});
    outbox.keep(request(3));
    outbox.keep(request(7));
    EXPECT_TRUE(outbox.answered(7));
    EXPECT_FALSE(outbox.answered(7));
    EXPECT_FALSE(outbox.answered(5));
    EXPECT_TRUE(outbox.answered(3));
    EXPECT_EQ(outbox.size(), 0U);
}

TEST(PomeloOutbox, SendsAgainWhatIsOpenOldestFirstAndOnce) {
    PomeloOutbox outbox({});
    for (std::uint64_t id = 1; id <= 4; ++id) outbox.keep(request(id));
    ASSERT_TRUE(outbox.answered(2));
    const auto again = outbox.comeBack(kStart);
    ASSERT_EQ(again.size(), 3U);
    EXPECT_EQ(again[0], pomelo::asRepush(request(1).payload, 1));
    EXPECT_EQ(again[2], pomelo::asRepush(request(4).payload, 4));
    EXPECT_TRUE(outbox.comeBack(kStart).empty());
    EXPECT_TRUE(outbox.answered(4)) << "sent again is not answered";
}

TEST(PomeloOutbox, SendsNothingAgainPastItsDeadline) {
    PomeloOutbox outbox({});
    outbox.keep(request(1, kStart + 1s));
    outbox.keep(request(2, kStart + 2s));
    const auto again = outbox.comeBack(kStart + 1s);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0], pomelo::asRepush(request(2).payload, 2));
    EXPECT_FALSE(outbox.answered(1));
}

TEST(PomeloOutbox, BoundsWhatIsOpenNotWhatWasAnswered) {
    PomeloOutbox outbox({.maxRequests = 2, .maxBytes = 1 << 20});
    outbox.keep(request(1));  // the oldest stays open
    for (std::uint64_t id = 2; id < 500; ++id) {
        ASSERT_TRUE(outbox.makeRoom(10, kStart)) << id;
        outbox.keep(request(id));
        EXPECT_FALSE(outbox.makeRoom(10, kStart));
        ASSERT_TRUE(outbox.answered(id));
    }
    EXPECT_EQ(outbox.size(), 1U);
    EXPECT_TRUE(outbox.answered(1));
}

TEST(PomeloOutbox, MakesRoomByDroppingWhatExpired) {
    PomeloOutbox outbox({.maxRequests = 1, .maxBytes = 1 << 20});
    outbox.keep(request(1, kStart + 1s));
    EXPECT_FALSE(outbox.makeRoom(10, kStart));
    EXPECT_TRUE(outbox.makeRoom(10, kStart + 1s));
    EXPECT_EQ(outbox.size(), 0U);
}

TEST(PomeloOutbox, BoundsItsBytes) {
    const std::size_t size = request(1).payload.size();
    PomeloOutbox outbox({.maxRequests = 10, .maxBytes = 2 * size});
    outbox.keep(request(1));
    EXPECT_TRUE(outbox.makeRoom(size, kStart));
    EXPECT_FALSE(outbox.makeRoom(size + 1, kStart));
    ASSERT_TRUE(outbox.answered(1));
    EXPECT_TRUE(outbox.makeRoom(2 * size, kStart));
}

TEST(PomeloOutbox, NamesWhatItDropped) {
    PomeloOutbox outbox({});
    for (std::uint64_t id = 1; id <= 3; ++id) outbox.keep(request(id));
    ASSERT_TRUE(outbox.answered(2));
    EXPECT_EQ(outbox.clear(), (std::vector<std::uint64_t>{1, 3}));
    EXPECT_EQ(outbox.size(), 0U);
}

}  // namespace
}  // namespace muster
