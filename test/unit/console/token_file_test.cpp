#include "master/console/token_file.hpp"

#include "test/support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster {
namespace {

TEST(TokenFile, IsMadeOnceAndForItsOwnerOnly) {
    const test::TempDir dir;
    const std::string path = dir.str() + "/admin.token";
    const auto made = readOrCreateToken(path);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->size(), 64U);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const auto again = readOrCreateToken(path);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *made);
}

TEST(TokenFile, IsNotUsedIfOthersMayReadIt) {
    const test::TempDir dir;
    const std::string path = dir.write("admin.token", std::string(64, 'a'));
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    const auto token = readOrCreateToken(path);
    ASSERT_FALSE(token);
    EXPECT_NE(token.error().detail().find(path), std::string::npos);
}

TEST(TokenFile, IsNotUsedIfItIsNoToken) {
    const test::TempDir dir;
    for (const std::string& text :
         {std::string("short"), std::string(64, 'g'), std::string(70, 'a')}) {
        const std::string path = dir.write("x.token", text);
        ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
        EXPECT_FALSE(readOrCreateToken(path)) << text;
    }
}

TEST(TokenFile, FollowsNoLink) {
    const test::TempDir dir;
    const std::string target = dir.write("elsewhere", std::string(64, 'a'));
    const std::string path = dir.str() + "/admin.token";
    ASSERT_EQ(::symlink(target.c_str(), path.c_str()), 0);
    EXPECT_FALSE(readOrCreateToken(path));
}

TEST(TokenFile, SaysWhereItCouldNotWrite) {
    const auto token = readOrCreateToken("/nonexistent-directory/admin.token");
    ASSERT_FALSE(token);
    EXPECT_NE(token.error().detail().find("/nonexistent-directory"), std::string::npos);
}

TEST(TokenFile, GivesAllThreeDifferently) {
    const test::TempDir dir;
    const auto tokens = readOrCreateTokens(dir.str());
    ASSERT_TRUE(tokens);
    EXPECT_NE(tokens->admin, tokens->node);
    EXPECT_NE(tokens->node, tokens->server);
}

}  // namespace
}  // namespace muster
