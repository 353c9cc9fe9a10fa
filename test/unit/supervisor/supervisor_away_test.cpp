#include "test/unit/supervisor/supervisor_master_fixture.hpp"

#include <algorithm>

namespace muster::supervisor {

/// Stops while the servers' node is away.
class AwayNode : public SupervisorMasterTest {
protected:
    void stop(bool isKill = false) {
        if (isKill)
            master->kill({}, 60s, take());
        else
            master->stop({}, 60s, take());
        loop.run();
    }
    bool areAll(Kind kind) const {
        return outcomes && outcomes->size() == 2 &&
               std::all_of(outcomes->begin(), outcomes->end(),
                           [kind](const auto& outcome) { return outcome.kind == kind; });
    }
};

TEST_F(AwayNode, HasNothingToStopOfWhatNobodyStarted) {
    for (const bool isKill : {false, true}) {
        makeMaster();
        store.erase("desired/chat-1");
        store.erase("desired/connector-1");
        makeMaster();
        outcomes.reset();
        stop(isKill);
        ASSERT_TRUE(areAll(Kind::AlreadyThere)) << isKill;
        EXPECT_EQ(outcomes->front().detail, "nobody has started it; its node node-a is away");
    }
}

TEST_F(AwayNode, IsGivenAWhileToComeBack) {
    bringAllUp();
    agent->member(MemberEvent::Disconnected, node());
    stop();
    loop.advance(9s);
    EXPECT_FALSE(outcomes);
    nodeArrives(
        {status("chat-1", ServerState::Ready, 11), status("connector-1", ServerState::Ready, 12)});
    EXPECT_EQ(nextOrder(), "stop connector-1");
    orderDone("connector-1", ServerState::Stopped, 0);
    orderDone("chat-1", ServerState::Stopped, 0);
    EXPECT_TRUE(areAll(Kind::Done));
}

TEST_F(AwayNode, ThatStaysAwayIsNotWaitedForLonger) {
    for (const bool isKill : {false, true}) {
        bringAllUp();
        makeMaster();
        outcomes.reset();
        loop.advance(10s);
        stop(isKill);
        ASSERT_TRUE(areAll(Kind::Refused)) << isKill;
        EXPECT_EQ(outcomes->front().detail, "its node node-a is away; stopped when that is back");
        EXPECT_EQ(nextOrder(), "none");
        nodeArrives({status("chat-1", ServerState::Ready, 11)});
        EXPECT_EQ(nextOrder(), "stop chat-1");
        orderDone("chat-1", ServerState::Stopped, 0);
    }
}

}  // namespace muster::supervisor
