#include "modules/supervisor/spec_digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::supervisor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ServerSpec chat() {
    ServerSpec spec;
    spec.id = "chat-1";
    spec.type = "chat";
    spec.argv = {"/bin/chat"};
    spec.env = {{"LEVEL", "info"}, {"MUSTER_INFO", R"({"id":"chat-1","port":7001})"}};
    return spec;
}

std::vector<std::string> changed(const ServerSpec& spec) {
    return differences(processDigests(chat()), processDigests(spec));
}

}  // namespace

TEST(SpecDigest, NamesTheVariableThatDiffers) {
    auto spec = chat();
    spec.env["LEVEL"] = "debug";
    spec.env["MORE"] = "1";
    EXPECT_THAT(changed(spec), ElementsAre("env.LEVEL", "env.MORE"));
}

TEST(SpecDigest, NamesTheKeyOfTheEntryThatDiffers) {
    auto spec = chat();
    spec.env["MUSTER_INFO"] = R"({ "port": 7002, "id": "chat-1" })";
    EXPECT_THAT(changed(spec), ElementsAre("properties.port"));
}

TEST(SpecDigest, NamesCommandDirectoryAndUser) {
    auto spec = chat();
    spec.argv.push_back("-v");
    spec.cwd = "/srv";
    spec.user = "games";
    EXPECT_THAT(changed(spec), ElementsAre("argv", "cwd", "user"));
}

TEST(SpecDigest, TakesLivenessForAPolicyAndItsAbsenceForNothing) {
    EXPECT_THAT(policyDigests(chat()), IsEmpty());
    auto spec = chat();
    spec.liveness.kind = config::Liveness::Kind::Tcp;
    spec.onUnresponsive = config::OnUnresponsive::Restart;
    EXPECT_THAT(changed(spec), IsEmpty());
    EXPECT_THAT(differences(policyDigests(chat()), policyDigests(spec)),
                ElementsAre("liveness", "onUnresponsive"));
}

TEST(SpecDigest, TakesPoliciesForNoReasonToRestart) {
    auto spec = chat();
    spec.stop.signal = 2;
    spec.restart.max = 3;
    EXPECT_THAT(changed(spec), IsEmpty());
    EXPECT_THAT(differences(policyDigests(chat()), policyDigests(spec)),
                ElementsAre("restart", "stop"));
}

// Or every upgrade of muster would have all servers restarted.
TEST(SpecDigest, LeavesOutWhatHasItsDefault) {
    EXPECT_THAT(processDigests(ServerSpec{}), IsEmpty());
    EXPECT_THAT(policyDigests(chat()), IsEmpty());
}

TEST(SpecDigest, HasAFingerprintThatNoBuildChanges) {
    EXPECT_EQ(fingerprintOf({}), "cbf29ce484222325");
    EXPECT_EQ(fingerprintOf({{"argv", "a"}}), fingerprintOf({{"argv", "a"}}));
    EXPECT_NE(fingerprintOf({{"argv", "a"}}), fingerprintOf({{"argv", "b"}}));
}

}  // namespace muster::supervisor
