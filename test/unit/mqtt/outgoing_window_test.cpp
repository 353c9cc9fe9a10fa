#include "master/mqtt/outgoing_window.hpp"

#include <gtest/gtest.h>

using namespace muster::mqtt;

namespace {

Delivery delivery(std::uint8_t qos = 1) {
    return {makeMessage({"a", "x", qos, false, nullptr}, {}), qos, false, {}};
}

TEST(OutgoingWindow, GivesIdsFromOneToTheHighestAndBeginsAnew) {
    OutgoingWindow window;
    for (int turn = 0; turn < 2; ++turn) {
        for (unsigned id = 1; id <= 65535; ++id) {
            InFlight& entry = window.add(delivery());
            ASSERT_EQ(entry.packetId, id);
            window.finish(entry);
        }
    }
    EXPECT_EQ(window.size(), 0u);
    EXPECT_EQ(window.length(), 0u);
}

TEST(OutgoingWindow, FindsUnfinishedMessagesOnly) {
    OutgoingWindow window;
    const std::uint16_t first = window.add(delivery()).packetId;
    const std::uint16_t second = window.add(delivery()).packetId;
    window.finish(*window.find(first));
    EXPECT_EQ(window.find(first), nullptr);
    EXPECT_NE(window.find(second), nullptr);
    for (const int id : {0, 3, 65535})
        EXPECT_EQ(window.find(static_cast<std::uint16_t>(id)), nullptr);
}

TEST(OutgoingWindow, TakesAcknowledgementsInAnyOrder) {
    OutgoingWindow window;
    for (int i = 0; i < 100; ++i) window.add(delivery());
    for (std::uint16_t id = 100; id >= 1; --id) {
        ASSERT_NE(window.find(id), nullptr) << id;
        window.finish(*window.find(id));
    }
    EXPECT_EQ(window.length(), 0u);
}

TEST(OutgoingWindow, IsFullWhenOneOldMessageHoldsAllIdsBack) {
    OutgoingWindow window;
    window.add(delivery(2));
    for (unsigned i = 1; i < 65535; ++i) window.finish(window.add(delivery()));
    EXPECT_EQ(window.size(), 1u);
    EXPECT_TRUE(window.isFull());
    window.finish(*window.find(1));
    EXPECT_FALSE(window.isFull());
    EXPECT_EQ(window.add(delivery()).packetId, 1);
}

TEST(OutgoingWindow, RemembersWhereEachExchangeStands) {
    OutgoingWindow window;
    EXPECT_EQ(window.add(delivery(1)).state, InFlight::State::AwaitsPuback);
    EXPECT_EQ(window.add(delivery(2)).state, InFlight::State::AwaitsPubrec);
}

}  // namespace
