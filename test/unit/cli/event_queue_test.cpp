#include "console/event_queue.hpp"

#include <csignal>

#include <gtest/gtest.h>

namespace muster::test {
namespace {

using cli::EventQueue;

TEST(EventQueue, GivesMessagesInOrderAndThenItsEnd) {
    EventQueue queue;
    queue.put({"a", "1", false});
    queue.put({"b", "2", false});
    queue.close();
    EXPECT_EQ(queue.take(std::chrono::milliseconds(0)).message.topic, "a");
    EXPECT_EQ(queue.take(std::chrono::milliseconds(0)).message.topic, "b");
    EXPECT_EQ(queue.take(std::chrono::hours(1)).kind, EventQueue::Kind::Closed);
}

TEST(EventQueue, ConsumesTheSignalThatInterruptsIt) {
    for (const int signal : {SIGINT, SIGTERM}) {
        EventQueue queue;
        ::raise(signal);
        EXPECT_EQ(queue.take(std::chrono::hours(1)).kind, EventQueue::Kind::Interrupted);
    }  // a signal that is left would end this process here
}

TEST(EventQueue, DropsAndCountsWhatIsTooMuch) {
    EventQueue queue;
    for (int i = 0; i < 10'003; ++i) queue.put({"a", "", false});
    EXPECT_EQ(queue.take(std::chrono::milliseconds(0)).dropped, 3U);
    EXPECT_EQ(queue.take(std::chrono::milliseconds(0)).dropped, 0U);
}

}  // namespace
}  // namespace muster::test
