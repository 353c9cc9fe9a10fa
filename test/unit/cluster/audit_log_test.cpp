#include "master/cluster/audit_log.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

class AuditLogTest : public testing::Test {
protected:
    void record(AuditLog& log, const std::string& target) {
        log.record({"admin", "admin-1", 1, "supervisor", "stop", target, "ok", ""});
        loop.advance(1s);
    }
    test::ManualLoop loop;
    test::MemoryStore store{loop};
};

TEST_F(AuditLogTest, KeepsWhoDidWhatNewestFirst) {
    AuditLog log(loop, store);
    record(log, "chat-1");
    record(log, "chat-2");
    const auto newest = log.newest(10);
    ASSERT_THAT(newest, SizeIs(2));
    EXPECT_EQ(
        newest[0],
        R"({"time":"2027-01-15T08:00:01.000Z","user":"admin","clientId":"admin-1","level":1,)"
        R"("moduleId":"supervisor","action":"stop","target":"chat-2","outcome":"ok","detail":""})");
    EXPECT_THAT(log.newest(1), SizeIs(1));
}

TEST_F(AuditLogTest, DropsTheOldestBeyondItsBoundAlsoAfterARestart) {
    {
        AuditLog log(loop, store, 3);
        for (int i = 0; i < 5; ++i) record(log, "s" + std::to_string(i));
    }
    AuditLog log(loop, store, 3);
    record(log, "last");
    EXPECT_THAT(store.list("audit/"), SizeIs(3));
    EXPECT_THAT(log.newest(10).back(), HasSubstr("\"s3\""));
}

TEST_F(AuditLogTest, SurvivesAFullDiskAndHostileText) {
    AuditLog log(loop, store);
    store.setFull(true);
    record(log, "lost");
    EXPECT_THAT(log.newest(10), SizeIs(0));
    store.setFull(false);
    record(log, "\xFF\n" + std::string(1 << 20, 'x'));
    ASSERT_THAT(log.newest(10), SizeIs(1));
    EXPECT_LT(log.newest(10)[0].size(), 2000U);
}

}  // namespace
}  // namespace muster
