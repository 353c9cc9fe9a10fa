#include "common/line_writer.hpp"

#include "common/process/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace muster::log {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A log into a pipe that the test reads when it likes.
class LineWriterTest : public testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = UniqueFd(ends[0]);
        pipe = UniqueFd(ends[1]);
        ASSERT_GT(::fcntl(pipe.get(), F_SETPIPE_SZ, 1 << 16), 0);
        ASSERT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
        log.emplace(pipe.get(), std::chrono::milliseconds(1));
    }
    std::string read() {
        std::string text;
        std::array<char, 4096> some{};
        for (ssize_t size = 0; (size = ::read(reader.get(), some.data(), some.size())) > 0;)
            text.append(some.data(), static_cast<std::size_t>(size));
        return text;
    }

    UniqueFd reader, pipe;
    std::optional<LineWriter> log;
};

TEST_F(LineWriterTest, WritesLines) {
    log->write("one\n");
    log->write("two\n");
    EXPECT_EQ(read(), "one\ntwo\n");
}

TEST_F(LineWriterTest, DropsLinesThatNobodyReadsAndSaysHowMany) {
    // A blocking write would hold up this test for good.
    for (int i = 0; i < 1000; ++i) log->write(fmt::format("line {:04} {:>200}\n", i, "end"));
    const std::string first = read();
    EXPECT_THAT(first, StartsWith("line 0000 "));
    EXPECT_THAT(first, HasSubstr("end\nline 0001 "));
    EXPECT_THAT(first, Not(HasSubstr("dropped")));
    log->write("read again\n");
    const auto kept = static_cast<std::size_t>(std::count(first.begin(), first.end(), '\n'));
    EXPECT_EQ(read(), "(" + std::to_string(1000 - kept) +
                          " lines of this log were dropped: nobody read it)\nread again\n");
    log->write("and on\n");
    EXPECT_EQ(read(), "and on\n");
}

TEST_F(LineWriterTest, WritesWhatIsLongerThanThePipeAsFarAsItGoes) {
    log->write(std::string(100'000, 'x') + "\n");
    EXPECT_THAT(read(), StartsWith("xxxx"));
    log->write("next\n");
    // What was cut ends there.
    EXPECT_EQ(read(), "\n(1 lines of this log were dropped: nobody read it)\nnext\n");
}

}  // namespace
}  // namespace muster::log
