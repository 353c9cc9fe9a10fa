#include "test/unit/monitor/monitor_rig.hpp"

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A monitor with a module "job" that counts and answers, and a leader of epoch 5.
class Orders : public ::testing::Test {
protected:
    Orders() {
        rig.handle("job", [this](MonitorAgent&, const JsonText&, const Reply& reply) {
            ++executed;
            if (isSlow)
                owed = reply;
            else
                reply(JsonText(std::to_string(executed)));
        });
        rig.master.come();
        rig.run();
        rig.master.lead(5);
        rig.start();
    }
    wire::Envelope order(const std::string& orderId, std::int64_t epoch = 5) {
        wire::Envelope envelope;
        envelope.moduleId = "job";
        envelope.order = wire::OrderTag{orderId, epoch, "uid-1", "", rig.loop->wallTime() + 10s};
        return envelope;
    }
    void send(const wire::Envelope& envelope) {
        rig.master.send("area-1", envelope, envelope.order->id);
        rig.run();
    }

    const std::string id = "01234567-89ab-7def-8123-456789abcdef";
    int executed = 0;
    bool isSlow = false;
    Reply owed;
    MonitorRig rig;
};

TEST_F(Orders, AreExecutedOnceAndAnsweredAgain) {
    send(order(id));
    send(order(id));
    EXPECT_EQ(executed, 1);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " 1", id + " 1"));
}

TEST_F(Orders, OfALowerEpochAreRefused) {
    send(order(id, 4));
    EXPECT_EQ(executed, 0);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " conflict"));
}

TEST_F(Orders, AreExpiredAfterTheirDeadline) {
    const auto late = order(id);
    rig.advance(11s);
    send(late);
    EXPECT_EQ(executed, 0);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " expired"));
}

TEST_F(Orders, ForAnotherLifeAreRefused) {
    auto other = order(id);
    other.order->incarnation = "somebody-else";
    send(other);
    EXPECT_EQ(executed, 0);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " conflict"));
}

TEST_F(Orders, KeepTheirOutcomeOverALostConnection) {
    isSlow = true;
    send(order(id));
    rig.broker.drop("area-1");
    owed(JsonText("\"done\""));
    rig.run();
    EXPECT_THAT(rig.master.answers(), IsEmpty());
    rig.advance(2s);
    send(order(id));
    EXPECT_EQ(executed, 1);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " \"done\""));
}

TEST_F(Orders, InProgressAreNotStartedAgain) {
    isSlow = true;
    send(order(id));
    send(order(id));
    EXPECT_EQ(executed, 1);
    owed(JsonText("1"));
    rig.run();
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " 1"));
}

TEST_F(Orders, EndAtTheirDeadlineWhenTheHandlerNeverAnswers) {
    isSlow = true;
    send(order(id));
    rig.advance(10s);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " timeout"));
}

TEST_F(Orders, WaitForTheLeaderRecordAfterAReconnect) {
    rig.broker.publish({rig.master.topics.leader(), "", 1, true, {}, {}, {}, {}});
    rig.broker.drop("area-1");
    rig.advance(2s);
    send(order(id, 6));
    EXPECT_EQ(executed, 0);
    rig.master.lead(7);
    rig.run();
    EXPECT_EQ(executed, 0);
    EXPECT_THAT(rig.master.answers(), ElementsAre(id + " conflict"));
}

}  // namespace
}  // namespace muster::test
