#include "master/cluster/order_ledger.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const WallTime kStart{1'800'000'000s};

class OrderLedgerTest : public testing::Test {
protected:
    Order order(const std::string& id, const std::string& target = "chat-1") {
        Order out;
        out.id = id;
        out.target = target;
        out.moduleId = "supervisor";
        out.body = R"({"op":"stop"})";
        out.epoch = 3;
        out.created = kStart;
        out.deadline = kStart + 60s;
        return out;
    }
    /// Creates it and has it stored.
    OrderLedger::Actions created(Order one) {
        const std::string id = one.id;
        EXPECT_TRUE(ledger.create(std::move(one)));
        return ledger.stored(id);
    }
    OrderOutcome outcome(const std::string& id) { return ledger.find(id)->outcome; }
    wire::Answer answer(Errc code) { return {Error(code, "because"), ""}; }

    OrderLedger ledger;
};

TEST_F(OrderLedgerTest, StoresBeforeItSends) {
    ledger.present("chat-1", "i1", kStart);
    const auto actions = ledger.create(order("o1"));
    ASSERT_TRUE(actions);
    EXPECT_THAT(actions->store, ElementsAre("o1"));
    EXPECT_THAT(actions->send, IsEmpty());
    EXPECT_TRUE(ledger.find("o1")->isSent);
    EXPECT_THAT(ledger.stored("o1").send, ElementsAre("o1"));
}

TEST_F(OrderLedgerTest, WaitsForAMemberAndStoresThatItIsSentFirst) {
    EXPECT_THAT(created(order("o1")).send, IsEmpty());
    const auto back = ledger.present("chat-1", "i1", kStart);
    EXPECT_THAT(back.store, ElementsAre("o1"));
    EXPECT_THAT(back.send, IsEmpty());
    EXPECT_THAT(ledger.stored("o1").send, ElementsAre("o1"));
}

TEST_F(OrderLedgerTest, SendsAgainToAMemberThatReturned) {
    ledger.present("chat-1", "i1", kStart);
    created(order("o1"));
    ledger.gone("chat-1");
    EXPECT_THAT(ledger.present("chat-1", "i2", kStart).send, ElementsAre("o1"));
    EXPECT_THAT(ledger.present("gate-1", "i1", kStart).send, IsEmpty());
}

TEST_F(OrderLedgerTest, EndsOnceByTheFirstAnswer) {
    ledger.present("chat-1", "i1", kStart);
    created(order("o1"));
    EXPECT_THAT(ledger.answered("chat-1", "o1", {}, kStart + 1s).store, ElementsAre("o1"));
    EXPECT_THAT(ledger.answered("chat-1", "o1", answer(Errc::Failed), kStart + 2s).store,
                IsEmpty());
    EXPECT_THAT(ledger.tick(kStart + 1h).store, IsEmpty());
    EXPECT_THAT(ledger.stored("o1").finish, ElementsAre("o1"));
    EXPECT_EQ(outcome("o1"), OrderOutcome::Done);
    EXPECT_EQ(ledger.openCount(), 0U);
}

TEST_F(OrderLedgerTest, TakesAnswersOfItsTargetOnly) {
    ledger.present("chat-1", "i1", kStart);
    created(order("o1"));
    EXPECT_THAT(ledger.answered("chat-2", "o1", {}, kStart).store, IsEmpty());
    EXPECT_THAT(ledger.answered("chat-1", "o2", {}, kStart).store, IsEmpty());
    EXPECT_EQ(outcome("o1"), OrderOutcome::Open);
}

TEST_F(OrderLedgerTest, TellsFailureFromRefusal) {
    ledger.present("chat-1", "i1", kStart);
    const std::vector<std::pair<Errc, OrderOutcome>> cases = {
        {Errc::Failed, OrderOutcome::Failed},        {Errc::Timeout, OrderOutcome::Failed},
        {Errc::Conflict, OrderOutcome::Refused},     {Errc::UnknownModule, OrderOutcome::Refused},
        {Errc::NotSupported, OrderOutcome::Refused}, {Errc::Expired, OrderOutcome::Expired}};
    for (const auto& [code, expected] : cases) {
        const std::string id = std::string("o-") + errcName(code);
        created(order(id));
        ledger.answered("chat-1", id, answer(code), kStart);
        EXPECT_EQ(outcome(id), expected) << id;
        EXPECT_EQ(ledger.find(id)->detail, "because");
    }
}

TEST_F(OrderLedgerTest, ExpiresAtTheDeadlineIfItWasNeverSent) {
    created(order("o1"));
    EXPECT_EQ(ledger.nextTick(), kStart + 60s);
    ledger.tick(kStart + 59s);
    EXPECT_EQ(outcome("o1"), OrderOutcome::Open);
    ledger.tick(kStart + 60s);
    EXPECT_EQ(outcome("o1"), OrderOutcome::Expired);
    EXPECT_FALSE(ledger.nextTick().has_value());
}

TEST_F(OrderLedgerTest, IsUnknownThirtySecondsAfterTheDeadlineIfItWasSent) {
    ledger.present("chat-1", "i1", kStart);
    created(order("o1"));
    ledger.tick(kStart + 89s);
    EXPECT_EQ(outcome("o1"), OrderOutcome::Open);
    ledger.tick(kStart + 90s);
    EXPECT_EQ(outcome("o1"), OrderOutcome::Unknown);
}

TEST_F(OrderLedgerTest, EndsWhatWasMeantForAnEarlierLife) {
    Order unsent = order("o1");
    unsent.incarnation = "i1";
    created(unsent);
    ledger.present("chat-1", "i2", kStart);
    EXPECT_EQ(outcome("o1"), OrderOutcome::Refused);
    Order sent = order("o2");
    sent.incarnation = "i2";
    created(sent);
    ledger.present("chat-1", "i3", kStart);
    EXPECT_EQ(outcome("o2"), OrderOutcome::Unknown);
}

TEST_F(OrderLedgerTest, TakesOpenOrdersOverFromAnEarlierLeader) {
    Order sent = order("o1");
    sent.isSent = true;
    Order ended = order("o0");
    ended.outcome = OrderOutcome::Done;
    const auto actions = ledger.load({sent, ended, order("o2")});
    EXPECT_THAT(actions.finish, IsEmpty());
    EXPECT_EQ(ledger.openCount(), 2U);
    const auto back = ledger.present("chat-1", "i1", kStart);
    EXPECT_THAT(back.send, ElementsAre("o1"));
    EXPECT_THAT(back.store, ElementsAre("o2"));
    EXPECT_THAT(ledger.newest(10), ElementsAre("o2", "o1", "o0"));
}

TEST_F(OrderLedgerTest, ForgetsANewOrderThatCouldNotBeStored) {
    ASSERT_TRUE(ledger.create(order("o1")));
    EXPECT_TRUE(ledger.notStored("o1"));
    EXPECT_EQ(ledger.find("o1"), nullptr);
    EXPECT_EQ(ledger.openCount(), 0U);
    created(order("o2"));
    ledger.tick(kStart + 60s);
    EXPECT_FALSE(ledger.notStored("o2"));
    EXPECT_EQ(outcome("o2"), OrderOutcome::Expired);
}

TEST_F(OrderLedgerTest, StoresAgainWhatChangedMeanwhile) {
    ASSERT_TRUE(ledger.create(order("o1")));
    EXPECT_THAT(ledger.tick(kStart + 60s).store, IsEmpty());
    EXPECT_THAT(ledger.stored("o1").store, ElementsAre("o1"));
    EXPECT_THAT(ledger.stored("o1").finish, ElementsAre("o1"));
}

TEST_F(OrderLedgerTest, BoundsOpenAndEndedOrders) {
    for (std::size_t i = 0; i < OrderLedger::kMaxOpen; ++i)
        created(order("o" + std::to_string(100'000 + i)));
    EXPECT_EQ(ledger.create(order("one-more")).error().code(), Errc::Limit);
    for (const auto& id : ledger.tick(kStart + 60s).store)
        EXPECT_THAT(ledger.stored(id).erase, IsEmpty());
    created(order("p1"));
    ledger.tick(kStart + 60s);
    EXPECT_THAT(ledger.stored("p1").erase, ElementsAre("o100000"));
    EXPECT_EQ(ledger.newest(1'000'000).size(), OrderLedger::kMaxEnded);
}

TEST_F(OrderLedgerTest, RefusesUnacceptableOrders) {
    Order big = order("o1");
    big.body = std::string(OrderLedger::kMaxBody + 1, ' ');
    EXPECT_EQ(ledger.create(big).error().code(), Errc::BadMessage);
    EXPECT_EQ(ledger.create(order("o1", "")).error().code(), Errc::BadMessage);
    created(order("o1"));
    EXPECT_EQ(ledger.create(order("o1")).error().code(), Errc::Conflict);
}

TEST_F(OrderLedgerTest, KeepsLargeTextsOfEndedOrdersShort) {
    Order big = order("o1");
    big.body = "\"" + std::string(10'000, 'x') + "\"";
    ledger.present("chat-1", "i1", kStart);
    created(big);
    std::string detail;
    while (detail.size() < 2000) detail += "é";
    ledger.answered("chat-1", "o1", {Error(Errc::Failed, "x" + detail), ""}, kStart);
    EXPECT_EQ(ledger.find("o1")->body, "");
    EXPECT_EQ(ledger.find("o1")->detail.size(), 1023U);
}

TEST(OrderRecord, ComesBackAsItWas) {
    Order order;
    order.id = "0190-x";
    order.target = "chat-1";
    order.incarnation = "i1";
    order.moduleId = "supervisor";
    order.body = R"({"z":1,"a":[true]})";
    order.epoch = 7;
    order.created = kStart;
    order.deadline = kStart + 1500ms;
    order.isSent = true;
    order.outcome = OrderOutcome::Refused;
    order.detail = "no";
    order.ended = kStart + 2s;
    const auto back = decodeOrder(encodeOrder(order));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, order);
}

TEST(OrderRecord, ThatIsDamagedIsRefused) {
    for (const char* text :
         {"", "null", "[]", "{}", "{\"id\":1}", R"({"id":"a","target":"b","outcome":"done"})",
          R"({"id":"a","target":"b","outcome":"perhaps","created":"x","deadline":"y"})"})
        EXPECT_FALSE(decodeOrder(text)) << text;
}

}  // namespace
}  // namespace muster
