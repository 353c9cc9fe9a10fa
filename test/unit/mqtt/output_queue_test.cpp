#include "master/mqtt/output_queue.hpp"

#include <gtest/gtest.h>

using muster::mqtt::OutputQueue;

namespace {

std::string take(OutputQueue& queue, std::size_t most) {
    std::vector<std::string_view> pieces;
    queue.peek(pieces, 64);
    std::string taken;
    for (const auto piece : pieces) taken += piece;
    taken.resize(std::min(most, taken.size()));
    queue.consume(taken.size());
    return taken;
}

TEST(OutputQueue, CopiesSmallPiecesTogether) {
    OutputQueue queue;
    queue.append("ab");
    queue.append(std::make_shared<int>(1), "cd");
    std::vector<std::string_view> pieces;
    queue.peek(pieces, 64);
    ASSERT_EQ(pieces.size(), 1u);
    EXPECT_EQ(pieces[0], "abcd");
}

TEST(OutputQueue, SharesLargePiecesAndKeepsTheirOwnerAlive) {
    OutputQueue queue;
    auto large = std::make_shared<const std::string>(OutputQueue::kShareFrom, 'x');
    const std::weak_ptr<const std::string> watch = large;
    queue.append("head");
    queue.append(large, *large);
    large.reset();
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(take(queue, SIZE_MAX), "head" + std::string(OutputQueue::kShareFrom, 'x'));
    EXPECT_TRUE(watch.expired());
}

TEST(OutputQueue, LosesNothingHoweverItIsTaken) {
    for (std::size_t step = 1; step < 9000; step = step * 3 + 1) {
        OutputQueue queue;
        std::string expected;
        for (int i = 0; i < 10; ++i) {
            auto large = std::make_shared<const std::string>(5000, static_cast<char>('a' + i));
            queue.append(std::to_string(i));
            queue.append(large, *large);
            expected += std::to_string(i) + *large;
        }
        EXPECT_EQ(queue.bytes(), expected.size());
        std::string all;
        while (!queue.empty()) all += take(queue, step);
        EXPECT_EQ(all, expected);
    }
}

TEST(OutputQueue, CountsWhatIsAppendedInPlace) {
    OutputQueue queue;
    queue.appendWith([](std::string& out) { out += "abc"; });
    EXPECT_EQ(queue.bytes(), 3u);
    EXPECT_EQ(take(queue, 2), "ab");
    queue.append("d");
    EXPECT_EQ(take(queue, SIZE_MAX), "cd");
    EXPECT_TRUE(queue.empty());
}

}  // namespace
