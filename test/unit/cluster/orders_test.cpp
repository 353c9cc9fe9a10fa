#include "master/cluster/orders.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_store.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RecordingSender final : public OrderSender {
public:
    void send(const std::string& target, const std::string&, const JsonText& body,
              const wire::OrderTag& tag) override {
        sent.push_back({target, body, tag});
    }
    struct Sent {
        std::string target;
        JsonText body;
        wire::OrderTag tag;
    };
    std::vector<Sent> sent;
};

/// One life of a master over a store that outlives it.
struct Master {
    Master(test::ManualLoop& loop, test::MemoryStore& store)
        : leadership(loop, store, {"m1", [] { return true; }, 1s}),
          orders(loop, leadership, sender) {
        leadership.lead([](auto) {});
        loop.run();
        orders.onEnded([this](const Order& order) { ended.push_back(order.id); });
        orders.start();
        loop.run();
    }
    RecordingSender sender;
    Leadership leadership;
    Orders orders;
    std::vector<std::string> ended;
};

class OrdersTest : public testing::Test {
protected:
    void order(const std::string& target) {
        master->orders.order({target, "supervisor", R"({"op":"stop"})", 60s, ""},
                             [this](const auto& result) { results.push_back(result); });
    }
    void restart() {
        master.reset();
        master = std::make_unique<Master>(loop, store);
    }

    test::ManualLoop loop;
    test::MemoryStore store{loop};
    std::unique_ptr<Master> master = std::make_unique<Master>(loop, store);
    std::vector<OrderResult> results;
};

TEST_F(OrdersTest, AreInTheStoreBeforeTheyAreSent) {
    master->orders.memberPresent("node-1", "i1");
    store.setFull(true);
    order("node-1");
    loop.run();
    EXPECT_THAT(master->sender.sent, IsEmpty());
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].error->code(), Errc::Failed);
    EXPECT_EQ(results[0].id, "");
    store.setFull(false);
    order("node-1");
    EXPECT_THAT(master->sender.sent, IsEmpty());
    loop.run();
    ASSERT_THAT(master->sender.sent, SizeIs(1));
    const auto& tag = master->sender.sent[0].tag;
    EXPECT_TRUE(store.get("order/" + tag.id).has_value());
    EXPECT_EQ(tag.epoch, 1);
    EXPECT_EQ(tag.clusterUid, master->leadership.term().clusterUid);
}

TEST_F(OrdersTest, EndWithTheAnswerOnceItIsStored) {
    master->orders.memberPresent("node-1", "i1");
    order("node-1");
    loop.run();
    const std::string id = master->sender.sent.at(0).tag.id;
    master->orders.answered("node-1", id, {std::nullopt, R"({"pid":5})"});
    EXPECT_THAT(results, IsEmpty());
    loop.run();
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].outcome, OrderOutcome::Done);
    EXPECT_EQ(results[0].body, R"({"pid":5})");
    EXPECT_THAT(master->ended, ElementsAre(id));
    master->orders.answered("node-1", id, {Error(Errc::Failed, "x"), ""});
    loop.run();
    EXPECT_THAT(results, SizeIs(1));
    EXPECT_EQ(master->orders.list(10).at(0).outcome, OrderOutcome::Done);
}

TEST_F(OrdersTest, ReachAMemberThatWasAway) {
    order("node-1");
    loop.advance(30s);
    EXPECT_THAT(master->sender.sent, IsEmpty());
    master->orders.memberPresent("node-1", "i1");
    loop.run();
    EXPECT_THAT(master->sender.sent, SizeIs(1));
}

TEST_F(OrdersTest, ExpireByTheirDeadline) {
    order("node-1");
    loop.advance(61s);
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].outcome, OrderOutcome::Expired);
    EXPECT_EQ(results[0].error->code(), Errc::Expired);
}

TEST_F(OrdersTest, WithoutAnAnswerAreUnknown) {
    master->orders.memberPresent("node-1", "i1");
    order("node-1");
    loop.advance(91s);
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].outcome, OrderOutcome::Unknown);
    EXPECT_EQ(results[0].error->code(), Errc::Timeout);
    EXPECT_EQ(loop.timers(), 1U) << "the lease's alone";
}

TEST_F(OrdersTest, SurviveTheMaster) {
    master->orders.memberPresent("node-1", "i1");
    order("node-1");
    loop.run();
    const std::string id = master->sender.sent.at(0).tag.id;
    restart();
    EXPECT_TRUE(master->orders.isOpen(id));
    master->orders.memberPresent("node-1", "i1");
    ASSERT_THAT(master->sender.sent, SizeIs(1));
    EXPECT_EQ(master->sender.sent[0].tag.id, id);
    EXPECT_EQ(master->sender.sent[0].tag.epoch, 2) << "nodes refuse the old epoch";
    EXPECT_EQ(master->sender.sent[0].body, R"({"op":"stop"})");
    master->orders.answered("node-1", id, {});
    loop.run();
    EXPECT_THAT(master->ended, ElementsAre(id));
    restart();
    EXPECT_EQ(master->orders.list(10).at(0).outcome, OrderOutcome::Done);
}

TEST_F(OrdersTest, WhoseDeadlinePassedWhileThereWasNoMasterEndAtTheNextStart) {
    order("node-1");
    loop.run();
    master.reset();
    loop.advance(1h);
    master = std::make_unique<Master>(loop, store);
    EXPECT_THAT(master->ended, SizeIs(1));
    EXPECT_EQ(master->orders.list(1).at(0).outcome, OrderOutcome::Expired);
}

TEST_F(OrdersTest, AreWrittenAgainWhenTheDiskHasRoomAgain) {
    master->orders.memberPresent("node-1", "i1");
    order("node-1");
    loop.run();
    store.setFull(true);
    master->orders.answered("node-1", master->sender.sent.at(0).tag.id, {});
    loop.advance(5s);
    EXPECT_THAT(results, IsEmpty());
    store.setFull(false);
    loop.advance(2s);
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].outcome, OrderOutcome::Done);
}

TEST_F(OrdersTest, OfADeposedLeaderAreNotSent) {
    master->orders.memberPresent("node-1", "i1");
    store.put(Leadership::kLeaderKey, R"({"epoch":9})");
    order("node-1");
    loop.run();
    EXPECT_THAT(master->sender.sent, IsEmpty());
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].error->code(), Errc::Conflict);
}

TEST_F(OrdersTest, ThatAreDamagedInTheStoreAreLeftAlone) {
    store.put("order/x", "nonsense");
    restart();
    EXPECT_THAT(master->orders.list(10), IsEmpty());
    EXPECT_TRUE(store.get("order/x").has_value());
}

}  // namespace
}  // namespace muster
