#include "master/mqtt/outgoing_window.hpp"

#include <gtest/gtest.h>

using namespace muster::mqtt;

namespace {

Delivery delivery(std::uint64_t number, std::uint8_t qos = 1) {
    Delivery delivery;
    delivery.message = makeMessage({"a", "x", qos, false, nullptr}, {});
    delivery.qos = qos;
    delivery.number = number;
    return delivery;
}

TEST(OutgoingWindow, GivesIdsFromOneToTheHighestAndBeginsAnew) {
    OutgoingWindow window;
    std::uint64_t number = 0;
    for (int turn = 0; turn < 2; ++turn) {
        for (unsigned id = 1; id <= 65535; ++id) {
            InFlight& entry = window.add(delivery(number++));
            ASSERT_EQ(entry.packetId, id);
            window.finish(entry);
        }
    }
    EXPECT_EQ(window.size(), 0u);
    EXPECT_EQ(window.length(), 0u);
}

TEST(OutgoingWindow, FindsUnfinishedMessagesOnly) {
    OutgoingWindow window;
    const std::uint16_t first = window.add(delivery(0)).packetId;
    const std::uint16_t second = window.add(delivery(1)).packetId;
    window.finish(*window.find(first));
    EXPECT_EQ(window.find(first), nullptr);
    EXPECT_NE(window.find(second), nullptr);
    for (const int id : {0, 3, 65535})
        EXPECT_EQ(window.find(static_cast<std::uint16_t>(id)), nullptr);
}

TEST(OutgoingWindow, TakesAcknowledgementsInAnyOrder) {
    OutgoingWindow window;
    for (std::uint64_t i = 0; i < 100; ++i) window.add(delivery(i));
    for (std::uint16_t id = 100; id >= 1; --id) {
        ASSERT_NE(window.find(id), nullptr) << id;
        window.finish(*window.find(id));
    }
    EXPECT_EQ(window.length(), 0u);
}

TEST(OutgoingWindow, IsFullWhenOneOldMessageHoldsAllIdsBack) {
    OutgoingWindow window;
    window.add(delivery(0, 2));
    for (std::uint64_t i = 1; i < 65535; ++i) window.finish(window.add(delivery(i)));
    EXPECT_EQ(window.size(), 1u);
    EXPECT_FALSE(window.hasRoomFor(65535));
    window.finish(*window.find(1));
    EXPECT_TRUE(window.hasRoomFor(65535));
    EXPECT_EQ(window.add(delivery(65535)).packetId, 1);
}

TEST(OutgoingWindow, LeavesOutTheIdsOfWhatWasNeverSent) {
    OutgoingWindow window;
    window.add(delivery(10));
    EXPECT_EQ(window.add(delivery(14)).packetId, 15);
    EXPECT_EQ(window.size(), 2u);
    for (std::uint16_t id = 12; id <= 14; ++id) EXPECT_EQ(window.find(id), nullptr);
    window.finish(*window.find(11));
    EXPECT_EQ(window.first(), 14u);
    window.finish(*window.find(15));
    EXPECT_EQ(window.length(), 0u);
}

TEST(OutgoingWindow, RemembersWhereEachExchangeStands) {
    OutgoingWindow window;
    EXPECT_EQ(window.add(delivery(0, 1)).state, InFlight::State::AwaitsPuback);
    EXPECT_EQ(window.add(delivery(1, 2)).state, InFlight::State::AwaitsPubrec);
}

}  // namespace
