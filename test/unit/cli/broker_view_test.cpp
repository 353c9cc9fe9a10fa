#include "test/unit/cli/fake_admin.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using test::Shell;
using testing::HasSubstr;
using testing::Not;

TEST(BrokerView, ShowsAllPagesAsOneTable) {
    Shell shell;
    shell.master.answers("clients", JsonText(R"({"sessions":[{"clientId":"a","peer":"p:1"}],)"
                                             R"("next":"a"})"));
    shell.master.answers("clients", JsonText(R"({"sessions":[{"clientId":"b\u001b"}],"next":""})"));
    EXPECT_EQ(shell.run({"broker", "clients"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("CLIENT"));
    EXPECT_THAT(shell.out, HasSubstr("p:1"));
    EXPECT_THAT(shell.out, HasSubstr("b\\x1b")) << "made safe";
    EXPECT_THAT(shell.master.requests().back(), HasSubstr(R"("after":"a")"));
}

TEST(BrokerView, EndsAtTheLimitThatIsAskedFor) {
    Shell shell;
    shell.master.answers("queues", JsonText(R"({"sessions":[{"clientId":"a"},{"clientId":"b"}],)"
                                            R"("next":"b"})"));
    EXPECT_EQ(shell.run({"broker", "queues", "-n", "1"}), 0);
    EXPECT_THAT(shell.out, Not(HasSubstr("b")));
}

TEST(BrokerView, HasJson) {
    Shell shell;
    shell.master.answers("retained",
                         JsonText(R"({"retained":[{"topic":"t","bytes":3}],"next":""})"));
    EXPECT_EQ(shell.run({"broker", "retained", "t/#", "--json"}), 0);
    EXPECT_EQ(shell.out.front(), '[');
    EXPECT_THAT(shell.out, HasSubstr(R"("topic")"));
    EXPECT_THAT(shell.master.requests().back(), HasSubstr(R"("filter":"t/#")"));
}

TEST(BrokerView, HasALineARowAndNamesAlone) {
    const JsonText two(R"({"sessions":[{"clientId":"a"},{"clientId":"b\u001b"}],"next":""})");
    Shell lines;
    lines.master.answers("clients", two);
    EXPECT_EQ(lines.run({"broker", "clients", "-o", "jsonl"}), 0);
    EXPECT_EQ(lines.out, "{\"clientId\":\"a\"}\n{\"clientId\":\"b\\u001b\"}\n");
    Shell names;
    names.master.answers("clients", two);
    EXPECT_EQ(names.run({"broker", "clients", "-o", "name"}), 0);
    EXPECT_EQ(names.out, "a\nb\\x1b\n");
}

TEST(BrokerView, SaysLineByLineWhatThereIsToLookAt) {
    Shell shell;
    EXPECT_EQ(shell.run({"broker"}), 2);
    EXPECT_THAT(shell.err, HasSubstr("muster broker disconnect ID\n"));
    EXPECT_THAT(shell.err, Not(HasSubstr("\\x0a")));
}

TEST(BrokerView, AsksForTheSubscriptionsOfAClient) {
    Shell shell;
    shell.master.answers("subscriptions", JsonText(R"({"subscriptions":[],"next":""})"));
    EXPECT_EQ(shell.run({"broker", "subscriptions", "--client", "c1"}), 0);
    EXPECT_THAT(shell.master.requests().back(), HasSubstr(R"("clientId":"c1")"));
}

TEST(BrokerView, ShowsFigures) {
    Shell shell;
    shell.master.answers("stats", JsonText(R"({"sessions":7})"));
    EXPECT_EQ(shell.run({"broker", "stats"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("sessions"));
    EXPECT_THAT(shell.out, HasSubstr("7"));
}

TEST(BrokerView, DisconnectsOrSaysWhyNot) {
    Shell shell;
    shell.master.answers("disconnect", JsonText(R"({"disconnected":"c"})"));
    shell.master.answers("disconnect", Error(Errc::UnknownServer, "no client 'c'"));
    shell.master.answers("disconnect", Error(Errc::Denied, "level 1 is needed"));
    EXPECT_EQ(shell.run({"broker", "disconnect", "c"}), 0);
    EXPECT_EQ(shell.run({"broker", "disconnect", "c"}), 3);
    EXPECT_EQ(shell.run({"broker", "disconnect", "c"}), 6);
    EXPECT_EQ(shell.run({"broker", "disconnect"}), 2);
}

TEST(BrokerView, FollowsATraceUntilItsTimeIsOver) {
    Shell shell;
    shell.master.answers("trace", JsonText(R"({"trace":5})"));
    shell.master.answers("trace", JsonText(R"({"lines":[{"what":"publish","clientId":"c",)"
                                           R"("topic":"t","bytes":3,"qos":1}],"missed":4})"));
    shell.master.onRequest = [&shell] { shell.now += std::chrono::seconds(1); };
    EXPECT_EQ(shell.run({"broker", "trace", "--topic", "t", "--timeout", "2s"}), 0);
    EXPECT_THAT(shell.out, HasSubstr("publish     c t 3 bytes qos 1"));
    EXPECT_THAT(shell.err, HasSubstr("4 lines left out"));
    EXPECT_THAT(shell.master.requests().back(), HasSubstr(R"("stop":true)"));
}

TEST(BrokerView, SaysWhenTheBrokerIsAnExternalOne) {
    Shell shell;
    shell.master.answers("clients", Error(Errc::NotSupported, "an external broker"));
    EXPECT_NE(shell.run({"broker", "clients"}), 0);
    EXPECT_THAT(shell.err, HasSubstr("an external broker"));
}

}  // namespace
}  // namespace muster
