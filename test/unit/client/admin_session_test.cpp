#include "client/admin_session.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/memory_broker.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace muster::test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// An administrator at a broker in memory, where a master comes and goes as the test says.
class AdminSessionTest : public testing::Test {
protected:
    void SetUp() override {
        options_.username = "ann";
        options_.timeout = 10s;
        session_ = std::make_shared<AdminSession>(options_, broker_.makeClient(), loop_);
        bool isConnected = false;
        session_->connect([&](const Result<void>& result) { isConnected = bool(result); });
        loop_.run();
        ASSERT_TRUE(isConnected);
    }
    void TearDown() override {
        session_->close();
        loop_.run();
    }

    void leads(bool isLeading) {
        mqtt::Message record;
        record.topic = "muster/default/leader";
        record.payload = isLeading ? R"({"epoch":1})" : "";
        record.retain = true;
        broker_.publish(record);
        loop_.run();
    }
    void asks(std::chrono::milliseconds timeout = 10s) {
        session_->request({}, "m", "{}", timeout, [this](const Result<JsonText>& result) {
            outcome_ = result ? *result : errcName(result.error().code());
        });
        loop_.run();
    }
    /// How many messages went to masters since the last call.
    std::size_t sent() {
        const auto published = broker_.takePublished();
        return static_cast<std::size_t>(std::count_if(
            published.begin(), published.end(),
            [](const auto& message) { return message.topic == "muster/default/to/master/ann"; }));
    }
    /// Somebody to receive what is sent, as a master's subscription does.
    void listens() {
        listener_ = broker_.makeClient();
        mqtt::ConnectOptions options;
        options.clientId = "leader";
        listener_->connect(options, ears_);
        listener_->subscribe("muster/default/to/master/+", 1);
        loop_.run();
    }

    struct Ears final : mqtt::ClientObserver {
        void onConnected(bool) override {}
        void onMessage(const mqtt::Message&) override {}
        void onLost(std::string_view, bool) override {}
    };
    ManualLoop loop_;
    MemoryBroker broker_{loop_};
    AdminClientOptions options_;
    Ears ears_;
    std::unique_ptr<MemoryClient> listener_;
    std::shared_ptr<AdminSession> session_;
    std::string outcome_ = "none";
};

TEST_F(AdminSessionTest, AsksNobodyBeforeAMasterLeads) {
    asks();
    EXPECT_EQ(sent(), 0U);
    listens();
    leads(true);
    EXPECT_EQ(sent(), 1U);
    EXPECT_EQ(outcome_, "none");
}

TEST_F(AdminSessionTest, NotifiesNobodyBeforeAMasterLeads) {
    bool isDone = false;
    session_->notify("m", "1", [&](const Result<void>& result) { isDone = bool(result); });
    loop_.run();
    EXPECT_EQ(sent(), 0U);
    listens();
    leads(true);
    EXPECT_EQ(sent(), 1U);
    EXPECT_TRUE(isDone);
}

TEST_F(AdminSessionTest, SaysAfterASecondThatNoMasterLeads) {
    asks();
    loop_.advance(999ms);
    EXPECT_EQ(outcome_, "none");
    loop_.advance(1ms);
    EXPECT_EQ(outcome_, "closed");
    leads(true);
    EXPECT_EQ(sent(), 0U);
}

TEST_F(AdminSessionTest, DoesNotAskForWhomTheTimeWasOver) {
    asks(500ms);
    loop_.advance(500ms);
    EXPECT_EQ(outcome_, "timeout");
    leads(true);
    EXPECT_EQ(sent(), 0U);
}

TEST_F(AdminSessionTest, EndsWhatWaitsForAMasterThatLeft) {
    listens();
    leads(true);
    asks();
    ASSERT_EQ(sent(), 1U);
    leads(false);
    loop_.advance(1s);
    EXPECT_EQ(outcome_, "closed");
}

TEST_F(AdminSessionTest, WaitsOnWhenTheNextMasterLeadsAtOnce) {
    listens();
    leads(true);
    asks();
    leads(false);
    loop_.advance(900ms);
    leads(true);
    loop_.advance(2s);
    EXPECT_EQ(outcome_, "none");
}

}  // namespace
}  // namespace muster::test
