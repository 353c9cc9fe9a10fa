#include "keeper/cgroup.hpp"
#include "test/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::keeper {

using testing::ElementsAre;
using testing::HasSubstr;
using Mounts = std::vector<CgroupMount>;

TEST(CgroupMounts, OfVersionTwoAlone) {
    EXPECT_EQ(parseCgroupMounts("29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 "
                                "rw,nsdelegate,memory_recursiveprot\n",
                                "0::/system.slice/muster.service\n"),
              (Mounts{{"/sys/fs/cgroup", true, {}, "/sys/fs/cgroup/system.slice/muster.service"}}));
}

TEST(CgroupMounts, OfBothVersions) {
    const auto mounts = parseCgroupMounts(
        "34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
        "9:cpu,cpuacct:/\n4:memory:/jobs/7\n0::/\n");
    EXPECT_EQ(
        mounts,
        (Mounts{
            {"/sys/fs/cgroup/memory", false, {"memory"}, "/sys/fs/cgroup/memory/jobs/7"},
            {"/sys/fs/cgroup/cpu,cpuacct", false, {"cpu", "cpuacct"}, "/sys/fs/cgroup/cpu,cpuacct"},
            {"/sys/fs/cgroup/unified", true, {}, "/sys/fs/cgroup/unified"}}));
}

TEST(CgroupMounts, OfAContainerThatSeesItsPartOnly) {
    EXPECT_EQ(parseCgroupMounts("9 8 0:3 /docker/abc /sys/fs/cgroup\\040x ro - cgroup2 cgroup rw\n",
                                "0::/docker/abc/game\n"),
              (Mounts{{"/sys/fs/cgroup x", true, {}, "/sys/fs/cgroup x/game"}}));
}

TEST(CgroupMounts, LeaveOutWhatTheMountDoesNotShow) {
    const char* mount = "9 8 0:3 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    EXPECT_TRUE(parseCgroupMounts(mount, "0::/docker/abcdef\n").empty());
    EXPECT_TRUE(parseCgroupMounts(mount, "0::/docker/abc/../other\n").empty());
    EXPECT_TRUE(parseCgroupMounts(mount, "").empty());
}

TEST(CgroupMounts, OfNonsenseAreNone) {
    for (const char* text : {"", "\n", "a b c d e f", "- - - - - - - - - -", "1 2 3 4 5 - cgroup2",
                             "1 2 3 / /x rw - cgroup x rw"})
        EXPECT_TRUE(parseCgroupMounts(text, "::\n:\nx\n0::/\n").empty()) << text;
}

TEST(CgroupTree, SaysWhyThereIsNone) {
    CgroupTree off("/state", "off");
    EXPECT_EQ(off.make("one", "nonce-nonce", {}).text(), "none: switched off (MUSTER_CGROUP=off)");
    CgroupTree nowhere("/state", "", {});
    EXPECT_EQ(nowhere.make("one", "nonce-nonce", {}).text(),
              "none: no cgroup hierarchy is mounted here");
    CgroupTree unwritable("/state", "", {{"/proc", true, {}, "/proc/none"}});
    EXPECT_THAT(unwritable.make("one", "nonce-nonce", {}).text(),
                HasSubstr("none: cannot make /proc/none/muster-"));
}

TEST(CgroupTree, SaysWhichLimitIsNotApplied) {
    const test::TempDir directory;  // takes directories as a cgroup does, but has no controllers
    CgroupTree tree("/state", "", {{directory.str(), true, {}, directory.str()}});
    ProcessSettings settings;
    settings.memoryMax = 1 << 20;
    const Cgroup cgroup = tree.make("one", "nonce-nonce", settings);
    EXPECT_THAT(cgroup.text(),
                HasSubstr("memoryMax is not applied: the memory controller is not offered here"));
    EXPECT_TRUE(tree.remove(cgroup));
    tree.removeRoots();
}

TEST(CgroupTree, TakesNoDirectoryThatIsNotItsOwn) {
    const test::TempDir directory;
    CgroupTree other("/other", "", {{directory.str(), true, {}, directory.str()}});
    const Cgroup cgroup = other.make("one", "nonce-nonce", {});
    ASSERT_TRUE(cgroup.exists());
    const CgroupTree tree("/state", "", {{directory.str(), true, {}, directory.str()}});
    EXPECT_FALSE(tree.adopt("one", "nonce-nonce", cgroup.directories()).exists());
    EXPECT_FALSE(other.adopt("two", "nonce-nonce", cgroup.directories()).exists());
    EXPECT_EQ(other.adopt("one", "nonce-nonce", {}).unified, cgroup.unified);
    EXPECT_TRUE(other.remove(cgroup));
    other.removeRoots();
}

}  // namespace muster::keeper
