#include "modules/supervisor/log_reader.hpp"

#include "keeper/log_file.hpp"
#include "test/support/temp_dir.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace muster::supervisor {

using keeper::LogFile;

class LogReading : public testing::Test {
protected:
    LogReading() { std::filesystem::create_directory(directory.path().string() + "/logs"); }
    std::string path() const { return directory.path().string() + "/logs/a.stdout.log"; }
    LogPage read(const std::string& cursor, std::size_t tail = 1000, std::size_t bytes = 1 << 20) {
        LogStart start;
        start.cursor = cursor;
        start.tail = tail;
        const auto page = reader.read("a", "stdout", start, bytes);
        EXPECT_TRUE(page) << (page ? "" : page.error().detail());
        return page ? *page : LogPage{};
    }
    static std::vector<std::string> texts(const LogPage& page) {
        std::vector<std::string> texts;
        for (const LogLine& line : page.lines) texts.push_back(line.text);
        return texts;
    }
    using Texts = std::vector<std::string>;

    test::TempDir directory;
    LogReader reader{directory.path().string()};
};

TEST_F(LogReading, GivesLinesTheTimeAtWhichTheyCame) {
    LogFile file(path(), {});
    file.append("one\ntwo\n", 1'000);
    file.append("three\n", 1'050);  // too soon for a record of its own
    file.append("fo", 2'000);
    file.append("ur\nfive\n", 3'000);
    const LogPage page = read("");
    EXPECT_EQ(texts(page), (Texts{"one", "two", "three", "four", "five"}));
    ASSERT_EQ(page.lines.size(), 5U);
    EXPECT_EQ(page.lines[2].timeMs, 1'000);
    EXPECT_EQ(page.lines[3].timeMs, 2'000);  // when its beginning came
    EXPECT_EQ(page.lines[4].timeMs, 3'000);
}

TEST_F(LogReading, BeginsAsManyLinesBeforeTheEndAsAsked) {
    LogFile file(path(), {});
    for (int i = 0; i < 5000; ++i) file.append("line " + std::to_string(i) + "\n", 1'000 + i);
    EXPECT_EQ(texts(read("", 2)), (Texts{"line 4998", "line 4999"}));
    EXPECT_TRUE(read("", 0).lines.empty());
    EXPECT_EQ(read("", 5000).lines.size(), 5000U);
    EXPECT_EQ(read("", 100'000).lines.size(), 5000U);
}

TEST_F(LogReading, GoesOnWhereItWasOverRotationsAndLosesNothing) {
    LogFile file(path(), {.fileBytes = 1000, .files = 8});
    std::string cursor;
    Texts all;
    for (int i = 0; i < 400; ++i) {
        file.append("line " + std::to_string(i) + "\n", 1'000 + i * 10);
        if (i % 7 != 0) continue;
        LogPage page = read(cursor);
        EXPECT_FALSE(page.hasGap);
        cursor = page.cursor;
        for (const auto& text : texts(page)) all.push_back(text);
    }
    for (const auto& text : texts(read(cursor))) all.push_back(text);
    ASSERT_EQ(all.size(), 400U);
    for (int i = 0; i < 400; ++i)
        EXPECT_EQ(all[static_cast<std::size_t>(i)], "line " + std::to_string(i));
}

TEST_F(LogReading, ReadsPageByPage) {
    LogFile file(path(), {.fileBytes = 5000, .files = 50});
    for (int i = 0; i < 3000; ++i) file.append("line " + std::to_string(i) + "\n", 1'000 + i);
    std::string cursor;
    int next = 0;
    for (bool hasMore = true; hasMore;) {
        const LogPage page = read(cursor, 100'000, 1024);
        for (const LogLine& line : page.lines)
            EXPECT_EQ(line.text, "line " + std::to_string(next++));
        cursor = page.cursor;
        hasMore = page.hasMore;
    }
    EXPECT_EQ(next, 3000);
}

TEST_F(LogReading, SaysThatLinesWereRotatedAway) {
    LogFile file(path(), {.fileBytes = 100, .files = 2});
    file.append("old\n", 1'000);
    const LogPage first = read("");
    for (int i = 0; i < 100; ++i) file.append("line " + std::to_string(i) + "\n", 2'000 + i * 200);
    const LogPage page = read(first.cursor);
    EXPECT_TRUE(page.hasGap);
    EXPECT_EQ(page.lines.back().text, "line 99");
    EXPECT_FALSE(read(page.cursor).hasGap);
}

TEST_F(LogReading, KeepsTheBeginningOfALineUntilItsEndComes) {
    LogFile file(path(), {});
    file.append("whole\nbegin", 1'000);
    LogPage page = read("");
    EXPECT_EQ(texts(page), Texts{"whole"});
    LogStart start;
    start.takesOpenLine = true;
    EXPECT_EQ(texts(*reader.read("a", "stdout", start, 4096)), (Texts{"whole", "begin"}));
    file.append("ning\n", 2'000);
    EXPECT_EQ(texts(read(page.cursor)), Texts{"beginning"});
}

TEST_F(LogReading, CutsALineThatDoesNotEnd) {
    LogFile file(path(), {});
    file.append(std::string(50'000, 'x'), 1'000);
    file.append("\nafter\n", 1'000);
    std::string whole;
    const LogPage page = read("");
    for (const LogLine& line : page.lines)
        if (line.text != "after") whole += line.text;
    EXPECT_EQ(whole, std::string(50'000, 'x'));
    EXPECT_EQ(page.lines.back().text, "after");
}

TEST_F(LogReading, RotatesAtTheEndOfALine) {
    LogFile file(path(), {.fileBytes = 10, .files = 3});
    file.append("0123456789ab", 1'000);
    file.append("cd\nnext\n", 1'000);
    std::ifstream old(path() + ".1");
    std::string text((std::istreambuf_iterator<char>(old)), {});
    EXPECT_EQ(text, "0123456789abcd\n");
}

TEST_F(LogReading, GoesOnWithoutAnIndex) {
    std::ofstream(path()) << "one\ntwo\n";
    const LogPage page = read("");
    EXPECT_EQ(texts(page), (Texts{"one", "two"}));
    EXPECT_EQ(page.lines[0].timeMs, 0);
    std::ofstream(path() + ".idx") << "damaged";
    EXPECT_EQ(read("").lines.size(), 2U);
}

TEST_F(LogReading, RefusesWhatIsNoNameOrCursor) {
    for (const char* id : {"", ".", "..", "../a", "a/b", "/etc/passwd", ".hidden"})
        EXPECT_FALSE(reader.read(id, "stdout", {}, 1024)) << id;
    EXPECT_FALSE(reader.read(std::string("a\0b", 3), "stdout", {}, 1024));
    EXPECT_FALSE(reader.read("a", "stdout.log/../../x", {}, 1024));
    for (const char* cursor : {"x", ":", ":1", "1-2:", "1-2:x", "1-2:-1", "1-2:1x"})
        EXPECT_FALSE(reader.read("a", "stdout", {.cursor = cursor}, 1024)) << cursor;
    EXPECT_TRUE(reader.read("a", "stdout", {}, 1024)->lines.empty());
    std::filesystem::create_symlink("/etc/passwd", path());
    EXPECT_TRUE(reader.read("a", "stdout", {}, 1024)->lines.empty());
}

}  // namespace muster::supervisor
