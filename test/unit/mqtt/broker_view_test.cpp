#include "master/mqtt/broker_figures.hpp"
#include "master/mqtt/live_broker_view.hpp"
#include "test/support/scripted_client.hpp"

#include <algorithm>

#include <gmock/gmock.h>

using namespace muster;
using namespace muster::mqtt;
using namespace std::chrono_literals;
using test::BrokerWorld;
using test::ScriptedClient;

namespace {

struct BrokerViewTest : testing::Test {
    /// All rows, `most` at a time.
    template <class Row, class Ask>
    std::vector<Row> all(Ask ask, std::size_t most) {
        std::vector<Row> rows;
        PageRequest request{{}, most};
        do {
            Page<Row> page = ask(request);
            EXPECT_LE(page.rows.size(), most);
            std::move(page.rows.begin(), page.rows.end(), std::back_inserter(rows));
            request.after = page.next;
        } while (!request.after.empty());
        return rows;
    }
    std::vector<std::string> ids(SessionKind kind, std::size_t most = 2) {
        std::vector<std::string> out;
        for (const auto& row : all<SessionFacts>(
                 [&](const PageRequest& request) { return view.sessions(kind, request); }, most))
            out.push_back(row.clientId);
        return out;
    }
    std::vector<std::string> subscriptions(const std::string& client, const std::string& filter) {
        std::vector<std::string> out;
        const auto ask = [&](const PageRequest& request) {
            return *view.subscriptions(client, filter, request);
        };
        for (const auto& row : all<SubscriptionRow>(ask, 2))
            out.push_back(row.clientId + " " + row.filter);
        return out;
    }
    Connect kept(ScriptedClient& client, const std::string& id) {
        Connect packet = client.connectPacket(id);
        packet.cleanStart = false;
        packet.properties.sessionExpiry = 100;
        return packet;
    }

    BrokerWorld world;
    LiveBrokerView view{world.broker};
};

TEST_F(BrokerViewTest, ListsSessionsInPagesAndInOrder) {
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (const char* id : {"e", "a", "d", "b", "c"}) {
        clients.push_back(std::make_unique<ScriptedClient>(world));
        clients.back()->connects(kept(*clients.back(), id));
    }
    clients[1]->vanishes();
    EXPECT_THAT(ids(SessionKind::All), testing::ElementsAre("a", "b", "c", "d", "e"));
    EXPECT_THAT(ids(SessionKind::Connected), testing::ElementsAre("b", "c", "d", "e"));
}

TEST_F(BrokerViewTest, KnowsAClientAndASessionThatWaits) {
    ScriptedClient client(world, Version::V311);
    Connect packet = client.connectPacket("c");
    packet.keepAlive = 30;
    packet.cleanStart = false;
    client.connects(packet);
    client.subscribes("t", 1);
    world.after(5s);
    SessionFacts row = view.sessions(SessionKind::All, {}).rows.at(0);
    EXPECT_EQ(row.peer, "192.0.2.1:4711");
    EXPECT_EQ(row.protocol, "3.1.1");
    EXPECT_EQ(row.keepAlive, 30);
    EXPECT_EQ(row.connectedFor, 5s);
    EXPECT_EQ(row.subscriptions, 1U);
    EXPECT_EQ(row.expirySeconds, kNeverExpires);
    client.vanishes();
    row = view.sessions(SessionKind::All, {}).rows.at(0);
    EXPECT_FALSE(row.isConnected);
    EXPECT_EQ(row.peer, "");
}

TEST_F(BrokerViewTest, ListsQueues) {
    ScriptedClient away(world), other(world);
    away.connects(kept(away, "away"));
    away.subscribes("t", 1);
    away.vanishes();
    other.connects("other");
    other.publishes("t", "12345", 1);
    EXPECT_THAT(ids(SessionKind::Queueing), testing::ElementsAre("away"));
    const SessionFacts row = view.sessions(SessionKind::Queueing, {}).rows.at(0);
    EXPECT_EQ(row.queuedMessages, 1U);
    EXPECT_GE(row.queuedBytes, 5U);
    EXPECT_EQ(row.endsIn, 100s);
}

TEST_F(BrokerViewTest, ListsWhoReadsTooSlowly) {
    ScriptedClient slow(world), other(world);
    slow.connects("slow");
    slow.subscribes("t");
    slow.stopsReading();
    other.connects("other");
    EXPECT_THAT(ids(SessionKind::Slow), testing::IsEmpty());
    for (int i = 0; i < 20; ++i) other.publishes("t", std::string(100'000, 'x'));
    EXPECT_THAT(ids(SessionKind::Slow), testing::ElementsAre("slow"));
}

TEST_F(BrokerViewTest, ListsSubscriptionsOfAllOrOneOrBelowAFilter) {
    ScriptedClient one(world), two(world);
    one.connects("one");
    two.connects("two");
    for (const char* filter : {"b/+", "a/#", "c"}) one.subscribes(filter);
    two.subscribes("$share/g/a/x");
    two.subscribes("a/y");
    EXPECT_THAT(subscriptions("", ""),
                testing::ElementsAre("one a/#", "one b/+", "one c", "two $share/g/a/x", "two a/y"));
    EXPECT_THAT(subscriptions("two", ""), testing::ElementsAre("two $share/g/a/x", "two a/y"));
    EXPECT_THAT(subscriptions("", "a/#"), testing::ElementsAre("one a/#", "two a/y"));
    EXPECT_FALSE(view.subscriptions("", "a/#/b", {}));
}

TEST_F(BrokerViewTest, ListsRetainedMessagesInPages) {
    ScriptedClient client(world);
    client.connects("c");
    for (int i = 0; i < 5; ++i) client.publishes("r/" + std::to_string(i), "1234", 0, true);
    client.publishes("other", "x", 0, true);
    const auto ask = [&](const PageRequest& request) { return *view.retained("r/#", request); };
    const auto rows = all<RetainedRow>(ask, 2);
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[4].topic, "r/4");
    EXPECT_EQ(rows[4].payloadBytes, 4U);
    EXPECT_FALSE(view.retained("a#", {}));
}

TEST_F(BrokerViewTest, LooksAtABoundedPartAtATime) {
    ScriptedClient client(world);
    client.connects("c");
    for (int i = 0; i < 12'000; ++i) client.publishes("r/" + std::to_string(i), "1", 0, true);
    const auto page = view.retained("+/none", {});
    EXPECT_TRUE(page->rows.empty());
    EXPECT_NE(page->next, "") << "12 000 were looked at in one turn";
    EXPECT_EQ(view.retained("r/#", {{}, 1'000'000})->rows.size(), BrokerView::kMostRows);
}

// A request of a few bytes would be answered with 32 MB, in one turn of everybody's broker.
TEST_F(BrokerViewTest, BoundsTheBytesOfAPage) {
    ScriptedClient client(world);
    client.connects("c");
    ScriptedClient another(world);
    another.connects("d");
    const std::string longText(60'000, 'x');
    for (int i = 0; i < 20; ++i) {
        (i < 10 ? client : another).subscribes("s/" + std::to_string(i) + longText);
        client.publishes("r/" + std::to_string(i) + longText, "1", 0, true);
    }
    EXPECT_LE(view.subscriptions("", "", {{}, 500})->rows.size(), 5U);
    EXPECT_LE(view.retained("r/#", {{}, 500})->rows.size(), 5U);
    const auto retained = [&](const PageRequest& request) {
        return *view.retained("r/#", request);
    };
    EXPECT_EQ(all<RetainedRow>(retained, 500).size(), 20U);
    const auto filters = [&](const PageRequest& request) {
        return *view.subscriptions("", "", request);
    };
    EXPECT_EQ(all<SubscriptionRow>(filters, 500).size(), 20U);
}

TEST_F(BrokerViewTest, DisconnectsAClientAndLeavesItsSession) {
    ScriptedClient client(world);
    client.connects(kept(client, "c"));
    EXPECT_TRUE(view.disconnect("c"));
    client.expectsDisconnect(ReasonCode::AdministrativeAction);
    EXPECT_FALSE(view.disconnect("c")) << "it is not connected";
    EXPECT_FALSE(view.disconnect("nobody"));
    EXPECT_THAT(ids(SessionKind::All), testing::ElementsAre("c"));
}

TEST_F(BrokerViewTest, HasEveryFigureOnceAndWell) {
    std::vector<std::string> names, metrics;
    for (const auto& figure : kCounterFigures) {
        names.emplace_back(figure.name);
        metrics.emplace_back(figure.metric);
        EXPECT_TRUE(metrics.back().ends_with("_total")) << metrics.back();
        EXPECT_NE(std::string(figure.help), "");
    }
    for (const auto& figure : kGaugeFigures) {
        names.emplace_back(figure.name);
        metrics.emplace_back(figure.metric);
    }
    EXPECT_EQ(kCounterFigures.size() * sizeof(std::uint64_t), sizeof(BrokerCounters));
    EXPECT_EQ(kGaugeFigures.size() * sizeof(std::uint64_t), sizeof(BrokerGauges));
    for (auto* list : {&names, &metrics}) {
        std::sort(list->begin(), list->end());
        EXPECT_EQ(std::adjacent_find(list->begin(), list->end()), list->end());
    }
    EXPECT_EQ(view.figures().size(), names.size());
}

TEST_F(BrokerViewTest, CountsBytesAndPacketsBothWays) {
    ScriptedClient client(world);
    client.connects("c");
    client.subscribes("t");
    client.publishes("t", "12345");
    client.expectsMessage("t", "12345");
    world.after(1s);
    const BrokerCounters& counters = world.broker.counters();
    EXPECT_EQ(counters.packetsReceived, 3U);
    EXPECT_EQ(counters.packetsSent, 3U);
    EXPECT_EQ(counters.payloadBytesReceived, 5U);
    EXPECT_GT(counters.bytesReceived, 5U + 3 * 2);
    EXPECT_GT(counters.bytesSent, 5U + 3 * 2);
    EXPECT_EQ(world.broker.gauges().connectedClients, 1U);
    client.vanishes();
    EXPECT_EQ(world.broker.gauges().connectedClients, 0U);
}

struct BrokerTraceTest : BrokerViewTest {
    std::vector<std::string> read(std::uint64_t trace) {
        std::vector<std::string> out;
        const auto lines = view.readTrace("me", trace);
        EXPECT_TRUE(lines);
        if (!lines) return out;
        for (const TraceLine& line : lines->lines)
            out.push_back(line.what + " " + line.client + (line.topic.empty() ? "" : " ") +
                          line.topic);
        missed = lines->missed;
        return out;
    }
    std::uint64_t missed = 0;
};

TEST_F(BrokerTraceTest, FollowsOneClientThroughItsLife) {
    const auto trace = view.startTrace("me", {"c", ""});
    ASSERT_TRUE(trace);
    ScriptedClient client(world), other(world);
    client.connects("c");
    other.connects("other");
    client.subscribes("t", 1);
    other.publishes("t", "1", 1);
    Puback ack;
    ack.packetId = client.expectsMessage("t", "1").packetId;
    client.sends(ack);
    client.publishes("u", "22");
    client.vanishes();
    EXPECT_THAT(read(*trace), testing::ElementsAre("connect c", "subscribe c t", "deliver c t",
                                                   "ack c", "publish c u", "disconnect c"));
    EXPECT_THAT(read(*trace), testing::IsEmpty()) << "told once";
}

// What an operator looks for most often: why something does not come.
TEST_F(BrokerTraceTest, TellsWhatIsRefused) {
    world.access.publishRule = [](const auto&, std::string_view topic) { return topic != "p"; };
    world.access.subscribeRule = [](const auto&, std::string_view filter) { return filter != "s"; };
    const auto trace = view.startTrace("me", {"c", ""});
    ASSERT_TRUE(trace);
    ScriptedClient client(world), refused(world);
    client.connects("c");
    client.subscribes("s", 1);
    client.publishes("p", "1");
    client.vanishes();
    world.access.verdict = ReasonCode::BadUserNameOrPassword;
    refused.sends(refused.connectPacket("c"));
    EXPECT_THAT(read(*trace), testing::ElementsAre("connect c", "deny c s", "deny c p",
                                                   "disconnect c", "refuse c"));
}

TEST_F(BrokerTraceTest, FollowsTopicsAndWhatIsDropped) {
    const auto trace = view.startTrace("me", {"", "t/#"});
    ScriptedClient slow(world), other(world);
    slow.connects("slow");
    slow.subscribes("#");
    slow.stopsReading();
    other.connects("other");
    const std::size_t most = world.broker.limits().maxOutputBytes;
    for (std::size_t i = 0; i < most / 100'000; ++i) other.publishes("u", std::string(99'000, 'x'));
    other.publishes("t/1", std::string(1'000'000, 'x'));
    EXPECT_THAT(read(*trace), testing::ElementsAre("publish other t/1", "drop slow t/1"));
}

TEST_F(BrokerTraceTest, LeavesOutWhatDoesNotFitAndCountsIt) {
    const auto trace = view.startTrace("me", {});
    ScriptedClient client(world);
    client.connects("c");
    for (std::size_t i = 0; i < BrokerTrace::kMostLines + 9; ++i) client.publishes("t", "x");
    EXPECT_EQ(read(*trace).size(), BrokerTrace::kMostLines);
    EXPECT_EQ(missed, 10U);
    client.publishes("t", "x");
    EXPECT_EQ(read(*trace).size(), 1U);
}

TEST_F(BrokerTraceTest, EndsWhenNobodyReadsIt) {
    const auto trace = view.startTrace("me", {});
    world.after(29s);
    EXPECT_TRUE(view.readTrace("me", *trace));
    world.after(29s);
    EXPECT_TRUE(view.readTrace("me", *trace));
    world.after(31s);
    EXPECT_FALSE(view.readTrace("me", *trace));
    EXPECT_FALSE(world.broker.trace().isOn());
}

TEST_F(BrokerTraceTest, BoundsHowManyRun) {
    for (std::size_t i = 0; i < BrokerTrace::kMostOfOne; ++i)
        EXPECT_TRUE(view.startTrace("me", {}));
    EXPECT_EQ(view.startTrace("me", {}).error().code(), Errc::Limit) << "others want one too";
    for (std::size_t i = BrokerTrace::kMostOfOne; i < BrokerTrace::kMostTraces; ++i)
        EXPECT_TRUE(view.startTrace("you", {}));
    EXPECT_EQ(view.startTrace("third", {}).error().code(), Errc::Limit);
    view.stopTrace("me", 1);
    EXPECT_TRUE(view.startTrace("third", {}));
    EXPECT_EQ(view.startTrace("third", {"", "a#"}).error().code(), Errc::Limit);
    view.stopTrace("me", 2);
    EXPECT_EQ(view.startTrace("third", {"", "a#"}).error().code(), Errc::BadMessage);
}

TEST_F(BrokerTraceTest, IsItsOwnersAlone) {
    const auto trace = view.startTrace("ann", {});
    ASSERT_TRUE(trace);
    ScriptedClient client(world);
    client.connects("c");
    EXPECT_EQ(view.readTrace("anonymous", *trace).error().code(), Errc::Failed);
    view.stopTrace("anonymous", *trace);
    const auto lines = view.readTrace("ann", *trace);
    ASSERT_TRUE(lines);
    EXPECT_EQ(lines->lines.size(), 1U);
}

}  // namespace
