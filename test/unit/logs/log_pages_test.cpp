#include "modules/supervisor/log_pages.hpp"

#include "test/support/temp_dir.hpp"

#include <muster/json.hpp>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace muster::supervisor {

using Json = nlohmann::json;

TEST(LogPages, AnswerEachStreamWithItsPageOrItsError) {
    const test::TempDir directory;
    std::filesystem::create_directory(directory.path().string() + "/logs");
    std::ofstream(directory.path().string() + "/logs/a.stderr.log") << "x\n\xff\n";
    const auto answer = readLogs(directory.path().string(), R"({"streams":[
        {"id":"a","stream":"stderr"},{"id":"../a","stream":"stderr"},{"id":"b","stream":"stdout"}]})");
    ASSERT_TRUE(answer);
    const Json logs = Json::parse(*answer)["logs"];
    ASSERT_EQ(logs.size(), 3U);
    EXPECT_EQ(logs[0]["lines"][0][1], "x");
    EXPECT_EQ(logs[0]["lines"][1][1], "\xEF\xBF\xBD");
    EXPECT_TRUE(logs[1].contains("error"));
    EXPECT_TRUE(logs[2]["lines"].empty());
}

TEST(LogPages, RefuseWhatIsNoRequest) {
    std::string tooMany = R"({"streams":[{})";
    for (std::size_t i = 0; i < kMostLogStreams; ++i) tooMany += ",{}";
    for (const std::string& message :
         {std::string("x"), std::string("[]"), std::string("{}"), std::string(R"({"streams":[]})"),
          std::string(R"({"streams":[1]})"), tooMany + "]}"})
        EXPECT_FALSE(readLogs("/nowhere", message)) << message.substr(0, 40);
}

TEST(LogPages, FitIntoOnePacketHoweverTheyAreEscaped) {
    const test::TempDir directory;
    std::filesystem::create_directory(directory.path().string() + "/logs");
    std::ofstream file(directory.path().string() + "/logs/a.stdout.log");
    for (int i = 0; i < 20'000; ++i) file << std::string(100, '\x01') << '\n';
    file.close();
    const auto answer =
        readLogs(directory.path().string(),
                 R"({"tail":20000,"bytes":9999999,"streams":[{"id":"a","stream":"stdout"}]})");
    ASSERT_TRUE(answer);
    EXPECT_LT(answer->size(), 1U << 20);
    EXPECT_EQ(Json::parse(*answer)["logs"][0]["more"], true);
}

}  // namespace muster::supervisor
