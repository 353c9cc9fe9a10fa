#include "master/supervisor/reconciler.hpp"

#include "master/supervisor/rollout.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace muster::supervisor {

using Op = PlannedOrder::Op;
using State = ServerState;

namespace {

/// chat <- connector <- gate, on one node.
ClusterView threeServers(bool wantsRun) {
    ClusterView view;
    view.nodes = {"node-a"};
    view.desired["chat-1"] = {"chat-1", "chat", "node-a", wantsRun, false, {}};
    view.desired["connector-1"] = {"connector-1", "connector", "node-a", wantsRun, false, {"chat"}};
    view.desired["gate-1"] = {"gate-1", "gate", "node-a", wantsRun, false, {"connector"}};
    return view;
}

ObservedServer ready() {
    return {State::Ready, true, true, false};
}

std::vector<PlannedOrder> orders(const ClusterView& view) {
    return Reconciler().plan(view).orders;
}

}  // namespace

TEST(Reconciler, StartsFirstWhatDependsOnNothing) {
    EXPECT_EQ(orders(threeServers(true)), (std::vector<PlannedOrder>{{Op::Start, "chat-1"}}));
}

TEST(Reconciler, SaysWhatAServerWaitsFor) {
    const auto plan = Reconciler().plan(threeServers(true));
    EXPECT_EQ(plan.notes.at("connector-1"), "waits for chat-1 ready, which is stopped");
}

TEST(Reconciler, StartsADependentWhenWhatItNeedsIsReady) {
    auto view = threeServers(true);
    view.observed["chat-1"] = ready();
    EXPECT_EQ(orders(view), (std::vector<PlannedOrder>{{Op::Start, "connector-1"}}));
}

TEST(Reconciler, OrdersNothingWhenAllIsAsItShouldBe) {
    auto view = threeServers(true);
    for (const auto& [id, server] : view.desired) view.observed[id] = ready();
    EXPECT_TRUE(orders(view).empty());
}

TEST(Reconciler, StopsInReverse) {
    auto view = threeServers(false);
    for (const auto& [id, server] : view.desired) view.observed[id] = ready();
    EXPECT_EQ(orders(view), (std::vector<PlannedOrder>{{Op::Stop, "gate-1"}}));
    view.observed.erase("gate-1");
    EXPECT_EQ(orders(view), (std::vector<PlannedOrder>{{Op::Stop, "connector-1"}}));
}

TEST(Reconciler, StopsOneServerThoughOthersThatNeedItRunOn) {
    auto view = threeServers(true);
    for (const auto& [id, server] : view.desired) view.observed[id] = ready();
    view.desired["chat-1"].wantsRun = false;
    EXPECT_EQ(orders(view), (std::vector<PlannedOrder>{{Op::Stop, "chat-1"}}));
}

TEST(Reconciler, LeavesACrashLoopToItsNode) {
    auto view = threeServers(true);
    view.observed["chat-1"] = {State::Backoff, false, true, false};
    EXPECT_TRUE(orders(view).empty());
}

TEST(Reconciler, StartsWhatHasFailedOnlyIfAPersonAsks) {
    auto view = threeServers(true);
    view.observed["chat-1"] = {State::Failed, false, false, true};
    EXPECT_TRUE(orders(view).empty());
    view.desired["chat-1"].isRequested = true;
    EXPECT_EQ(orders(view).size(), 1U);
}

TEST(Reconciler, OrdersNothingFromANodeThatIsAway) {
    auto view = threeServers(true);
    view.nodes.clear();
    const auto plan = Reconciler().plan(view);
    EXPECT_TRUE(plan.orders.empty());
    EXPECT_EQ(plan.notes.at("chat-1"), "waits for node node-a");
}

TEST(Reconciler, SendsNoSecondOrderWhileOneIsUnderWay) {
    auto view = threeServers(true);
    view.inFlight = {"chat-1"};
    EXPECT_TRUE(orders(view).empty());
}

TEST(Reconciler, StartsOnlySoManyAtOnce) {
    ClusterView view;
    view.nodes = {"node-a"};
    for (const std::string id : {"a", "b", "c"})
        view.desired[id] = {id, "chat", "node-a", true, false, {}};
    EXPECT_EQ(Reconciler({2, 0}).plan(view).orders.size(), 2U);
}

TEST(Reconciler, CountsStartsThatAreOrderedAsStarting) {
    ClusterView view;
    view.nodes = {"node-a"};
    for (const std::string id : {"a", "b", "c"})
        view.desired[id] = {id, "chat", "node-a", true, false, {}};
    view.inFlight = {"a"};
    const auto plan = Reconciler({2, 0}).plan(view);
    EXPECT_EQ(plan.orders, (std::vector<PlannedOrder>{{Op::Start, "b"}}));
    EXPECT_EQ(plan.notes.at("c"), "waits its turn: 2 are starting");
}

TEST(Reconciler, BoundsTheStartsOfEachHost) {
    ClusterView view;
    view.nodes = {"node-a", "node-b"};
    for (const std::string id : {"a1", "a2", "a3"})
        view.desired[id] = {id, "chat", "node-a", true, false, {}};
    view.desired["b1"] = {"b1", "chat", "node-b", true, false, {}};
    view.observed["a1"] = {State::Starting, false, true, false};
    const auto plan = Reconciler({0, 2}).plan(view);
    EXPECT_EQ(plan.orders, (std::vector<PlannedOrder>{{Op::Start, "a2"}, {Op::Start, "b1"}}));
    EXPECT_EQ(plan.notes.at("a3"), "waits its turn: 2 are starting on its host");
}

/// From any state, with any config, following the plan leads to what is desired.
TEST(Reconciler, ConvergesFromAnyState) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        ClusterView view;
        view.nodes = {"node-a"};
        const std::vector<std::string> types{"a", "b", "c", "d"};
        for (std::size_t type = 0; type < types.size(); ++type)
            for (int number = 0; number < 3; ++number) {
                const std::string id = types[type] + std::to_string(number);
                DesiredServer server{id, types[type], "node-a", random() % 3 != 0, true, {}};
                for (std::size_t other = 0; other < type; ++other)
                    if (random() % 2 != 0) server.dependsOn.push_back(types[other]);
                view.desired[id] = server;
                const auto state = static_cast<State>(random() % 11);
                const bool isReady = state == State::Ready;
                if (random() % 3 != 0)
                    view.observed[id] = {state, isReady, random() % 2 != 0, random() % 2 != 0};
            }
        for (int round = 0; round < 40; ++round) {
            for (auto& [id, server] : view.observed) {  // what nodes do by themselves
                if (server.state == State::Stopping)
                    server = {};
                else if (mayRun(server.state) || server.wantsRun ||
                         server.state == State::Backoff || server.state == State::Waiting)
                    server = ready();
            }
            for (const auto& order : Reconciler({2, 0}).plan(view).orders) {
                view.observed[order.id] =
                    order.op == Op::Start ? ObservedServer{State::Starting, false, true, false}
                                          : ObservedServer{State::Stopping, false, false, false};
                view.desired[order.id].isRequested = false;
            }
        }
        for (const auto& [id, server] : view.desired) {
            const auto& observed = view.observed[id];
            EXPECT_EQ(observed.isReady, server.wantsRun) << "seed " << seed << " server " << id;
        }
    }
}

TEST(Rollout, RestartsOneOfATypeAtATimeAndTypesBesideEachOther) {
    Rollout rollout;
    for (const std::string id : {"a1", "a2"}) rollout.add("a", id);
    rollout.add("b", "b1");
    EXPECT_EQ(rollout.next(), (std::vector<std::string>{"a1", "b1"}));
    EXPECT_TRUE(rollout.next().empty());
    EXPECT_TRUE(rollout.finished("a1", true).empty());
    EXPECT_EQ(rollout.next(), (std::vector<std::string>{"a2"}));
}

TEST(Rollout, TakesAShareOfEachTypeButAtLeastOne) {
    Rollout rollout({1, 50});
    for (const std::string id : {"a1", "a2", "a3", "a4", "a5"}) rollout.add("a", id);
    rollout.add("b", "b1");
    EXPECT_EQ(rollout.next(), (std::vector<std::string>{"a1", "a2", "b1"}));
}

TEST(Rollout, StopsAtAFailure) {
    Rollout rollout;
    for (const std::string id : {"a1", "a2", "a3"}) rollout.add("a", id);
    (void)rollout.next();
    EXPECT_EQ(rollout.finished("a1", false), (std::vector<std::string>{"a2", "a3"}));
    EXPECT_TRUE(rollout.isDone());
}

}  // namespace muster::supervisor
