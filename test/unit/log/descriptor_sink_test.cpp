#include "common/descriptor_sink.hpp"

#include "common/process/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace muster::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A log into a pipe that the test reads when it likes.
class DescriptorSinkTest : public testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = UniqueFd(ends[0]);
        writer = UniqueFd(ends[1]);
        ASSERT_GT(::fcntl(writer.get(), F_SETPIPE_SZ, 1 << 16), 0);
        ASSERT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
        logger.emplace(
            "test", std::make_shared<DescriptorSink>(writer.get(), std::chrono::milliseconds(1)));
        logger->set_pattern("%v");
    }
    std::string read() {
        std::string text;
        std::array<char, 4096> some{};
        for (ssize_t size = 0; (size = ::read(reader.get(), some.data(), some.size())) > 0;)
            text.append(some.data(), static_cast<std::size_t>(size));
        return text;
    }

    UniqueFd reader, writer;
    std::optional<spdlog::logger> logger;
};

TEST_F(DescriptorSinkTest, WritesLines) {
    logger->info("one");
    logger->info("two");
    EXPECT_EQ(read(), "one\ntwo\n");
}

TEST_F(DescriptorSinkTest, DropsLinesThatNobodyReadsAndSaysHowMany) {
    // A blocking write would hold up this test for good.
    for (int i = 0; i < 1000; ++i) logger->info("line {:04} {:>200}", i, "end");
    const std::string first = read();
    EXPECT_THAT(first, StartsWith("line 0000 "));
    EXPECT_THAT(first, HasSubstr("end\nline 0001 "));
    EXPECT_THAT(first, Not(HasSubstr("dropped")));
    logger->info("read again");
    const auto kept = static_cast<std::size_t>(std::count(first.begin(), first.end(), '\n'));
    EXPECT_EQ(read(), "(" + std::to_string(1000 - kept) +
                          " lines of this log were dropped: nobody read it)\nread again\n");
    logger->info("and on");
    EXPECT_EQ(read(), "and on\n");
}

TEST_F(DescriptorSinkTest, WritesWhatIsLongerThanThePipeAsFarAsItGoes) {
    logger->info(std::string(100'000, 'x'));
    EXPECT_THAT(read(), StartsWith("xxxx"));
    logger->info("next");
    EXPECT_THAT(read(), EndsWith("(1 lines of this log were dropped: nobody read it)\nnext\n"));
}

}  // namespace
}  // namespace muster::log
