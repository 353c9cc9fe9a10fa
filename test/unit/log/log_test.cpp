#include "common/log.hpp"

#include "test/support/temp_dir.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

namespace muster::log {
namespace {

TEST(Log, EscapesControlCharactersSoThatNobodyForgesALineOrReachesTheTerminal) {
    const test::TempDir directory;
    Options options;
    options.file = directory.str() + "/log";
    configure(options);
    info("test", "{}",
         "a\nb\x1b[2J\x7f \xc2\x9b"
         "2J \xc2\x85 \xc2\xa9 \xc3\x9b \xc2");
    configure(Options());
    std::ifstream file(options.file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, testing::EndsWith("[test] a\\x0ab\\x1b[2J\\x7f \\u009b2J \\u0085 \xc2\xa9 "
                                        "\xc3\x9b \xc2\n"));
}

}  // namespace
}  // namespace muster::log
