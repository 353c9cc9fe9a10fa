#include "modules/broker/broker_master.hpp"
#include "test/unit/console/fake_agent.hpp"

#include <gmock/gmock.h>

namespace muster::modules {
namespace {

using test::Answers;
using test::FakeAgent;
using testing::HasSubstr;
using testing::StartsWith;

/// A broker with one client, one subscription, one retained message.
class FakeView final : public mqtt::BrokerView {
public:
    mqtt::Page<mqtt::SessionFacts> sessions(mqtt::SessionKind kind,
                                            const mqtt::PageRequest& request) const override {
        asked = request;
        mqtt::SessionFacts row;
        row.clientId = "c" + std::to_string(static_cast<int>(kind));
        row.isConnected = true;
        row.peer = "192.0.2.1:1";
        return {{row}, "more"};
    }
    Result<mqtt::Page<mqtt::SubscriptionRow>> subscriptions(
        const std::string& clientId, const std::string& matching,
        const mqtt::PageRequest&) const override {
        mqtt::SubscriptionRow row;
        row.clientId = clientId;
        row.filter = matching;
        return mqtt::Page<mqtt::SubscriptionRow>{{row}, std::string("c\0f", 3)};
    }
    Result<mqtt::Page<mqtt::RetainedRow>> retained(const std::string& filter,
                                                   const mqtt::PageRequest&) const override {
        mqtt::RetainedRow row;
        row.topic = filter;
        return mqtt::Page<mqtt::RetainedRow>{{row}, ""};
    }
    std::vector<std::pair<std::string_view, std::uint64_t>> figures() const override {
        return {{"sessions", 7}};
    }
    bool disconnect(const std::string& clientId) override { return clientId == "here"; }
    Result<std::uint64_t> startTrace(const std::string& owner,
                                     const mqtt::TraceWish& wish) override {
        if (wish.filter == "bad#") return Error(Errc::BadMessage, "no filter");
        tracer = owner;
        return std::uint64_t{5};
    }
    Result<mqtt::TraceLines> readTrace(const std::string& owner, std::uint64_t trace) override {
        if (trace != 5 || owner != tracer) return Error(Errc::Failed, "has ended");
        mqtt::TraceLine line;
        line.what = "publish";
        line.topic = "t";
        line.bytes = 3;
        return mqtt::TraceLines{{line}, 2};
    }
    void stopTrace(const std::string& owner, std::uint64_t trace) override {
        if (owner == tracer) stopped = trace;
    }

    mutable mqtt::PageRequest asked;
    std::string tracer;
    std::uint64_t stopped = 0;
};

struct BrokerModuleTest : testing::Test {
    std::string ask(const JsonText& body, const std::string& who = "ann") {
        module.clientHandler(agent, {who, {}, 2}, body, answers.reply());
        return answers.last();
    }
    FakeAgent agent;
    Answers answers;
    FakeView view;
    BrokerMaster module{&view};
};

TEST_F(BrokerModuleTest, ListsEachKindOfSessionInPages) {
    EXPECT_THAT(ask(R"({"op":"sessions"})"), HasSubstr(R"("clientId":"c0")"));
    EXPECT_THAT(ask(R"({"op":"clients"})"), HasSubstr(R"("clientId":"c1")"));
    EXPECT_THAT(ask(R"({"op":"queues"})"), HasSubstr(R"("clientId":"c2")"));
    const std::string slow = ask(R"({"op":"slow","after":"b","limit":3})");
    EXPECT_THAT(slow, HasSubstr(R"("clientId":"c3")"));
    EXPECT_THAT(slow, HasSubstr(R"("next":"more")"));
    EXPECT_EQ(view.asked.after, "b");
    EXPECT_EQ(view.asked.most, 3U);
}

TEST_F(BrokerModuleTest, BoundsAPageWhateverIsAsked) {
    ask(R"({"op":"sessions","limit":1000000})");
    EXPECT_EQ(view.asked.most, mqtt::BrokerView::kMostRows);
    ask(R"({"op":"sessions","limit":-1})");
    EXPECT_LE(view.asked.most, mqtt::BrokerView::kMostRows);
}

TEST_F(BrokerModuleTest, ListsSubscriptionsAndRetainedMessages) {
    const std::string found = ask(R"({"op":"subscriptions","clientId":"a","filter":"f/#"})");
    EXPECT_THAT(found, HasSubstr(R"("clientId":"a")"));
    EXPECT_THAT(found, HasSubstr(R"("filter":"f/#")"));
    EXPECT_THAT(found, HasSubstr(R"("next":"c\u0000f")"));
    EXPECT_THAT(ask(R"({"op":"retained"})"), HasSubstr(R"("topic":"#")")) << "all";
}

TEST_F(BrokerModuleTest, TellsFiguresAndDisconnects) {
    EXPECT_EQ(ask(R"({"op":"stats"})"), R"({"sessions":7})");
    EXPECT_EQ(ask(R"({"op":"disconnect","clientId":"here"})"), R"({"disconnected":"here"})");
    EXPECT_THAT(ask(R"({"op":"disconnect","clientId":"gone"})"), StartsWith("unknown_server:"));
    EXPECT_THAT(ask(R"({"op":"disconnect"})"), StartsWith("bad_message:"));
}

TEST_F(BrokerModuleTest, Traces) {
    EXPECT_EQ(ask(R"({"op":"trace","filter":"t"})"), R"({"trace":5})");
    EXPECT_THAT(ask(R"({"op":"trace","filter":"bad#"})"), StartsWith("bad_message:"));
    const std::string lines = ask(R"({"op":"trace","trace":5})");
    EXPECT_THAT(lines, HasSubstr(R"("what":"publish")"));
    EXPECT_THAT(lines, HasSubstr(R"("missed":2)"));
    EXPECT_THAT(ask(R"({"op":"trace","trace":6})"), StartsWith("failed:"));
    EXPECT_THAT(ask(R"({"op":"trace","trace":"x"})"), StartsWith("bad_message:"));
    EXPECT_THAT(ask(R"({"op":"trace","trace":5})", "bob"), StartsWith("failed:")) << "it is ann's";
    ask(R"({"op":"trace","trace":5,"stop":true})", "bob");
    EXPECT_EQ(view.stopped, 0U);
    ask(R"({"op":"trace","trace":5,"stop":true})");
    EXPECT_EQ(view.stopped, 5U);
}

TEST_F(BrokerModuleTest, LetsLevelTwoLookAndLevelOneAct) {
    EXPECT_EQ(module.requiredLevel(R"({"op":"clients"})"), 2);
    EXPECT_EQ(module.requiredLevel(R"({"op":"trace"})"), 2);
    for (const char* change :
         {R"({"op":"disconnect","clientId":"c"})", R"({"op":"stats","op":"disconnect"})",
          R"({"op":"\u0064isconnect"})", R"({"o\u0070":"disconnect"})"})
        EXPECT_EQ(module.requiredLevel(change), 1) << change;
}

TEST_F(BrokerModuleTest, SaysWhatItDoesNotKnow) {
    EXPECT_THAT(ask(R"({"op":"dance"})"), StartsWith("bad_message: unknown op 'dance'"));
    EXPECT_THAT(ask("7"), StartsWith("bad_message:"));
}

TEST_F(BrokerModuleTest, SaysThatAnExternalBrokerIsNotItsOwn) {
    BrokerMaster external(nullptr);
    external.clientHandler(agent, {}, R"({"op":"clients"})", answers.reply());
    EXPECT_THAT(answers.last(), StartsWith("not_supported: this cluster uses an external broker"));
}

}  // namespace
}  // namespace muster::modules
