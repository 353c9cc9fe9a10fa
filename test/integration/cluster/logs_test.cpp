#include "test/integration/cluster/cluster_fixture.hpp"

#include <sstream>

namespace muster::test {

/// Chat servers that write numbered lines, the odd ones to stderr, until they are ended.
class ClusterLogs : public ClusterFixture {
protected:
    ClusterLogs() {
        setType("chat",
                {{"command",
                  {{"argv",
                    {"/bin/sh", "-c",
                     "i=0; while :; do i=$((i+1)); "
                     "if [ $((i % 2)) = 0 ]; then echo \"$$ $i\"; else echo \"$$ $i\" >&2; fi; "
                     "sleep 0.01; done"}}}},
                 {"readiness", {{"kind", "start"}}}});
    }
    /// Of each process (its first word) the numbers that were shown, in the order they were.
    static std::map<std::string, std::vector<int>> numbers(const std::string& output) {
        std::map<std::string, std::vector<int>> numbers;
        std::istringstream lines(output);
        for (std::string line; std::getline(lines, line);) {
            const Json json = Json::parse(line, nullptr, false);
            if (!json.is_object()) continue;
            std::istringstream words(json["line"].get<std::string>());
            std::string process;
            int number = 0;
            words >> process >> number;
            numbers[process].push_back(number);
        }
        return numbers;
    }
};

TEST_F(ClusterLogs, ShowWhatServersWroteInTheOrderOfTime) {
    startAll();
    Ran ran{0, {}};
    ASSERT_TRUE(eventually(15s, [&] {
        ran = muster({"logs", "chat-1", "-n", "5", "-o", "jsonl", "-q"});
        return numbers(ran.output).size() == 1 && numbers(ran.output).begin()->second.size() == 10;
    })) << ran.output;
    EXPECT_EQ(ran.status, 0);
    const Ran text = muster({"logs", "type:chat", "-n", "3", "--stream", "stderr"});
    EXPECT_EQ(text.status, 0) << text.output;
    EXPECT_NE(text.output.find("chat-1 | "), std::string::npos) << text.output;
    EXPECT_NE(text.output.find("chat-2 | "), std::string::npos) << text.output;
    EXPECT_EQ(muster({"logs", "nobody"}).status, 3);
    EXPECT_EQ(muster({"logs", "--stream", "other"}).status, 2);
    EXPECT_EQ(muster({"logs", "-n", "0"}).status, 2);
}

TEST_F(ClusterLogs, FollowOverARestartAndTheDeathOfNodeAndKeeper) {
    startAll();
    Child follower({MUSTER_PROGRAM, "logs", "chat-1", "-n", "100000", "-f", "-o", "jsonl", "-q",
                    "-c", file("config")});
    const std::string first = std::to_string(servers().at("chat-1"));
    follower.outputUntil(first + " 20\"", 15s);
    for (const std::string part : {"node", "keep"}) {  // each brings the other one back
        kill9(part);
        ASSERT_TRUE(eventually(20s, [&] { return processes().contains(part); })) << part;
    }
    ASSERT_TRUE(eventually(20s, [&] { return isReady({"chat-1"}); }));
    const Ran restarted = muster({"restart", "chat-1", "--timeout", "30s"});
    ASSERT_EQ(restarted.status, 0) << restarted.output;
    const std::string second = std::to_string(servers().at("chat-1"));
    ASSERT_NE(first, second);
    const auto shown = numbers(follower.outputUntil(second + " 40\"", 20s));
    ASSERT_TRUE(shown.contains(first) && shown.contains(second)) << shown.size();
    for (const auto& [process, given] : shown) {
        // Two streams of one process may change places within a look; none is lost or shown twice.
        std::vector<int> sorted = given;
        std::sort(sorted.begin(), sorted.end());
        sorted.resize(sorted.size() - sorted.size() / 10);  // the last ones are still coming
        for (std::size_t i = 0; i < sorted.size(); ++i)
            ASSERT_EQ(sorted[i], static_cast<int>(i) + 1) << process;
    }
}

}  // namespace muster::test
