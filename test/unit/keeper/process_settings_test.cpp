#include "common/process/process_settings.hpp"

#include <gtest/gtest.h>

namespace muster {

TEST(ProcessSettings, BringThemselvesOver) {
    ProcessSettings settings;
    settings.memoryMax = 256 << 20;
    settings.cpuMax = 150;
    settings.cpuWeight = 50;
    settings.pidsMax = 30;
    settings.nice = 0;
    settings.umask = 027;
    settings.cpus = {0, 3};
    settings.rlimits = {{"core", -1}, {"nofile", 4096}};
    settings.sockets = {"127.0.0.1:3010"};
    const auto decoded = decodeProcessSettings(encode(settings));
    ASSERT_TRUE(decoded) << decoded.error().detail();
    EXPECT_EQ(*decoded, settings);
}

TEST(ProcessSettings, AreShortWhenThereIsNothingToSay) {
    EXPECT_EQ(encode(ProcessSettings{}), "{}");
    EXPECT_EQ(*decodeProcessSettings("{}"), ProcessSettings{});
}

TEST(ProcessSettings, OfALaterVersionAreRead) {
    EXPECT_TRUE(decodeProcessSettings(R"({"ioWeight": 5})"));
}

TEST(ProcessSettings, RefuseWhatIsOutOfRange) {
    for (const char* text :
         {"", "[]", R"({"memoryMax":-1})", R"({"memoryMax":"1G"})", R"({"cpuMax":1000001})",
          R"({"cpuWeight":10001})", R"({"nice":20})", R"({"nice":-21})", R"({"umask":512})",
          R"({"cpus":[4096]})", R"({"cpus":3})", R"({"rlimits":{"nofiles":3}})",
          R"({"rlimits":{"nofile":-2}})", R"({"rlimits":[]})", R"({"sockets":[3]})"})
        EXPECT_FALSE(decodeProcessSettings(text)) << text;
}

TEST(ProcessSettings, KnowTheKernelsLimitsByName) {
    for (const auto& name : resourceNames()) EXPECT_TRUE(resourceOf(name)) << name;
    EXPECT_FALSE(resourceOf("NOFILE"));
}

}  // namespace muster
