#include "app/master_metrics.hpp"
#include "master/mqtt/broker_figures.hpp"
#include "test/support/eventually.hpp"
#include "test/support/live_broker.hpp"
#include "test/support/raw_client.hpp"

#include <gmock/gmock.h>

using namespace muster;
using namespace muster::test;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

/// The metrics of a live broker, on a port of their own.
struct MetricsTest : testing::Test {
    void TearDown() override {
        if (listener) live.call([this] { listener.reset(); });
    }
    void serve(http::HttpOptions options = {}) {
        live.call([&] {
            listener.emplace(live.loop(), options, app::metricsHandler(live.broker()));
            EXPECT_TRUE(listener->start());
        });
    }
    /// Sends `request` and gives everything that comes until the end.
    std::string ask(const std::string& request) {
        RawClient client(listener->port());
        client.send(request);
        return client.readToEnd();
    }
    std::string get(const std::string& path) {
        return ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    std::size_t connections() {
        return live.call([this] { return listener->connections(); });
    }
    LiveBroker live;
    std::optional<http::HttpListener> listener;
};

TEST_F(MetricsTest, HaveEveryFigureWithItsHelp) {
    serve();
    const std::string answer = get("/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
    for (const auto& figure : mqtt::kCounterFigures) {
        EXPECT_THAT(answer, HasSubstr(std::string("# TYPE ") + figure.metric + " counter\n"));
        EXPECT_THAT(answer, HasSubstr(std::string("# HELP ") + figure.metric + " "));
    }
    for (const auto& figure : mqtt::kGaugeFigures)
        EXPECT_THAT(answer, HasSubstr(std::string("# TYPE ") + figure.metric + " gauge\n"));
    EXPECT_THAT(answer, HasSubstr("\nprocess_resident_memory_bytes "));
    EXPECT_THAT(answer, HasSubstr("\nmuster_broker_connections 0\n"));
}

TEST_F(MetricsTest, AnswerOtherRequestsAsHttpSays) {
    serve();
    EXPECT_THAT(get("/healthz"), HasSubstr("\r\n\r\nok\n"));
    EXPECT_THAT(get("/metrics?x=1"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(get("/nowhere"), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(ask("HEAD /healthz HTTP/1.1\r\n\r\n"), testing::EndsWith("\r\n\r\n"));
    EXPECT_THAT(ask("DELETE /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(ask("hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(MetricsTest, TakeNoLongHeaderAndNoBody) {
    serve();
    EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431"));
    EXPECT_THAT(ask("GET / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"),
                StartsWith("HTTP/1.1 413"));
}

TEST_F(MetricsTest, CutOffWhoSendsNothing) {
    http::HttpOptions options;
    options.deadline = 100ms;
    serve(options);
    EXPECT_EQ(ask("GET /metr"), "");
    EXPECT_TRUE(eventually(5s, [&] { return connections() == 0; }));
}

TEST_F(MetricsTest, TakeABoundedNumberOfConnections) {
    http::HttpOptions options;
    options.maxConnections = 1;
    serve(options);
    {
        RawClient first(listener->port());
        EXPECT_TRUE(eventually(5s, [&] { return connections() == 1; }));
        EXPECT_EQ(RawClient(listener->port()).readToEnd(), "") << "closed at once";
    }
    EXPECT_TRUE(eventually(5s, [&] { return connections() == 0; }));
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
}

}  // namespace
