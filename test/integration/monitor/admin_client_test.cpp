#include "test/integration/monitor/echo_master.hpp"
#include "test/support/eventually.hpp"
#include "test/support/free_port.hpp"
#include "test/support/mosquitto_process.hpp"

#include <muster/client.hpp>

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

AdminClientOptions optionsFor(const std::string& url) {
    AdminClientOptions options;
    options.url = url;
    options.username = "admin";
    options.timeout = 5s;
    return options;
}

std::string textOf(const Result<JsonText>& result) {
    return result ? *result : errcName(result.error().code());
}

class AdminClientTest : public ::testing::Test {
protected:
    MosquittoProcess broker;
    EchoMaster master{broker.url()};
};

TEST_F(AdminClientTest, AsksOnceAndEndsQuickly) {
    {
        AdminClient first(optionsFor(broker.url()));  // the process's first pays for Paho's start
        ASSERT_TRUE(first.connect());
    }
    const auto start = std::chrono::steady_clock::now();
    {
        AdminClient client(optionsFor(broker.url()));
        ASSERT_TRUE(client.connect());
        EXPECT_EQ(textOf(client.request("m", R"({"op":"list"})")), R"({"op":"list"})");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
}

TEST_F(AdminClientTest, SendsCommandsAndNotifies) {
    AdminClient client(optionsFor(broker.url()));
    ASSERT_TRUE(client.connect());
    EXPECT_EQ(textOf(client.command("list", "")), "{}");
    EXPECT_TRUE(client.notify("m", "1"));
    EXPECT_TRUE(eventually(5s, [&] { return master.received().size() == 2; }));
    EXPECT_THAT(master.received(), Contains(" list"));
    EXPECT_THAT(master.received(), Contains("m 1"));
}

TEST_F(AdminClientTest, TimesOutWithoutAnAnswer) {
    AdminClient client(optionsFor(broker.url()));
    ASSERT_TRUE(client.connect());
    EXPECT_EQ(textOf(client.request("silent", "{}", 50ms)), "timeout");
    EXPECT_EQ(textOf(client.request("m", "{", 50ms)), "bad_message");
}

TEST_F(AdminClientTest, ReadsTheTreeLiveAndRetained) {
    std::mutex mutex;  // both outlive the client, which may hear the record again at any time
    std::vector<std::string> seen;
    AdminClient client(optionsFor(broker.url()));
    ASSERT_TRUE(client.connect());
    ASSERT_TRUE(client.subscribe("leader", [&](const AdminMessage& message) {
        std::lock_guard lock(mutex);
        seen.push_back(message.topic + (message.retained ? " retained" : ""));
    }));
    EXPECT_TRUE(eventually(5s, [&] {
        std::lock_guard lock(mutex);
        return !seen.empty() && seen[0] == "muster/default/leader retained";
    }));
}

TEST_F(AdminClientTest, DoesNotBlockItsOwnThread) {
    AdminClient client(optionsFor(broker.url()));
    ASSERT_TRUE(client.connect());
    std::promise<std::string> inner;
    client.requestAsync("m", "{}", 5s, [&](const Result<JsonText>&) {
        inner.set_value(textOf(client.request("m", "{}")));
    });
    EXPECT_EQ(inner.get_future().get(), "conflict");
}

TEST_F(AdminClientTest, SaysWhenTheConnectionIsLost) {
    std::promise<void> closed;
    AdminClientOptions options = optionsFor(broker.url());
    options.onClosed = [&](std::string_view) { closed.set_value(); };
    AdminClient client(options);
    ASSERT_TRUE(client.connect());
    broker.kill();
    ASSERT_EQ(closed.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_EQ(textOf(client.request("m", "{}")), "closed");
}

TEST(AdminClientAlone, SaysThatNobodyListens) {
    AdminClient client(optionsFor("mqtt://127.0.0.1:" + std::to_string(freePort())));
    const auto connected = client.connect();
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code(), Errc::Closed);
}

TEST(AdminClientAlone, SaysThatItsCredentialsAreBad) {
    MosquittoProcess broker("allow_anonymous false");
    AdminClient client(optionsFor(broker.url()));
    const auto connected = client.connect();
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code(), Errc::Denied);
}

TEST(AdminClientAlone, SaysThatNoMasterIsBehindTheBroker) {
    MosquittoProcess broker;
    AdminClient client(optionsFor(broker.url()));
    ASSERT_TRUE(client.connect());
    EXPECT_EQ(textOf(client.request("m", "{}")), "closed");
}

}  // namespace
}  // namespace muster::test
