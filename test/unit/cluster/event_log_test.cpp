#include "master/cluster/event_log.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EventLogTest : public testing::Test {
protected:
    void append(EventLog& log, const std::string& id, int number) {
        log.append(id, "exited", "{\"number\":" + std::to_string(number) + "}");
        loop.run();
    }
    test::ManualLoop loop;
    test::MemoryStore store{loop};
};

TEST_F(EventLogTest, KeepsTheLastEventsOfEachServerNewestLast) {
    EventLog log(loop, store, 2);
    for (int i = 1; i <= 3; ++i) append(log, "chat-1", i);
    append(log, "chat-2", 9);
    EXPECT_THAT(log.last("chat-1", 10),
                ElementsAre(HasSubstr("\"number\":2"), HasSubstr("\"number\":3")));
    EXPECT_THAT(log.last("chat-1", 1),
                ElementsAre(R"({"time":"2027-01-15T08:00:00.000Z","kind":"exited",)"
                            R"("id":"chat-1","number":3})"));
    EXPECT_THAT(log.last("nobody", 10), IsEmpty());
}

TEST_F(EventLogTest, GoesOnAfterARestart) {
    {
        EventLog log(loop, store, 2);
        for (int i = 1; i <= 2; ++i) append(log, "a b", i);
    }
    EventLog log(loop, store, 2);
    append(log, "a b", 3);
    EXPECT_THAT(log.last("a b", 10),
                ElementsAre(HasSubstr("\"number\":2"), HasSubstr("\"number\":3")));
    EXPECT_THAT(store.list("event/"), SizeIs(2));
}

TEST_F(EventLogTest, ForgetsAServer) {
    EventLog log(loop, store);
    append(log, "chat-1", 1);
    append(log, "chat-10", 1);
    log.forget("chat-1");
    loop.run();
    EXPECT_THAT(log.last("chat-1", 10), IsEmpty());
    EXPECT_THAT(store.list("event/"), SizeIs(1));
}

TEST_F(EventLogTest, SurvivesHostileEvents) {
    EventLog log(loop, store);
    log.append("", "x", "{}");
    log.append("x", "x", "nonsense");
    log.append("x", "x", std::string(1 << 20, '['));
    log.append(std::string(1000, '/'), "x", "{}");
    loop.run();
    store.setFull(true);
    log.append("x", "x", "{}");
    loop.run();
    EXPECT_THAT(log.last("x", 10), SizeIs(2));
}

}  // namespace
}  // namespace muster
