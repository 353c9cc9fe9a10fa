#include "common/log.hpp"

#include "test/support/temp_dir.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

namespace muster::log {
namespace {

using testing::HasSubstr;

TEST(Log, EscapesWhatATerminalTakesForACommand) {
    const test::TempDir directory;
    Options options;
    options.file = directory.str() + "/log";
    configure(options);
    info("broker", "{} came",
         "a\nb\x1b[2J\x7f\xc2\x9b"
         "2J\xc3\x9c\xc2\xa0");
    configure(Options());
    std::ifstream file(options.file);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, HasSubstr("[broker] a\\x0ab\\x1b[2J\\x7f\\u009b2J\xc3\x9c\xc2\xa0 came\n"));
}

}  // namespace
}  // namespace muster::log
