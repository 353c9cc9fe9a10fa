#include "common/config/cluster_config.hpp"
#include "test/support/temp_dir.hpp"

#include <filesystem>

#include <gtest/gtest.h>

namespace muster::config {
namespace {

/// The samples as they will be found once the release build is there: in a copy of the tree's
/// shape.
TEST(SampleConfig, LoadsWithoutAnyProblem) {
    const test::TempDir dir;
    std::filesystem::copy(MUSTER_SOURCE "/config", dir.path() / "config");
    for (const char* program : {"chat_gate", "chat_connector", "chat_room"}) {
        const auto file = dir.write(std::string("build/release/examples/chat/") + program, "#!");
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
    const LoadResult loaded = load(dir.str(), "development");
    for (const Problem& problem : loaded.problems) ADD_FAILURE() << describe(problem);
    ASSERT_TRUE(loaded.cluster);
    EXPECT_EQ(loaded.cluster->name, "chat");
    EXPECT_EQ(loaded.cluster->servers.size(), 5U);
    EXPECT_EQ(loaded.cluster->types.at("gate").dependsOn, std::vector<std::string>{"connector"});
    EXPECT_TRUE(loaded.cluster->users.empty());  // no password that everybody knows
}

TEST(SampleConfig, NamesThePageThatIsThere) {
    for (const char* file : {"index.html", "app.js", "style.css"}) {
        EXPECT_TRUE(
            std::filesystem::exists(std::string(MUSTER_SOURCE "/examples/chat/page/") + file));
    }
}

}  // namespace
}  // namespace muster::config
