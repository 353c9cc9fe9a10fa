#include "monitor/pomelo_link.hpp"

#include "monitor/console_module.hpp"
#include "monitor/monitor_agent_impl.hpp"
#include "monitor/watcher_module.hpp"
#include "test/support/manual_loop.hpp"

#include <muster/json.hpp>

#include <gmock/gmock.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// An original master as far as a monitor can see one: it answers nothing by itself.
class ScriptedMaster {
public:
    class Connection final : public mqtt::Client {
    public:
        explicit Connection(ScriptedMaster& master) : master_(master) {}
        ~Connection() override { close(); }
        void connect(mqtt::ConnectOptions options, mqtt::ClientObserver& observer) override {
            options_ = std::move(options);
            observer_ = &observer;
            master_.current = this;
            ++master_.connects;
            observer_->onConnected(false);
        }
        void publish(mqtt::Message message,
                     std::function<void(Result<mqtt::PublishOutcome>)> done) override {
            master_.sent.push_back(message.topic + " " + message.payload);
            if (done) done(mqtt::PublishOutcome::Delivered);
        }
        void subscribe(std::string, int, std::function<void(Result<void>)>) override {
            ADD_FAILURE() << "a pomelo master does not know SUBSCRIBE";
        }
        void unsubscribe(std::string) override {}
        void close() override {
            if (master_.current == this) master_.current = nullptr;
        }
        /// The connection breaks, and the client makes a new one by itself.
        void breakAndReturn() {
            observer_->onLost("connection lost", false);
            observer_->onConnected(false);
        }
        void deliver(const std::string& topic, const std::string& payload) {
            mqtt::Message message;
            message.topic = topic;
            message.payload = payload;
            observer_->onMessage(message);
        }
        const mqtt::ConnectOptions& options() const { return options_; }

    private:
        ScriptedMaster& master_;
        mqtt::ConnectOptions options_;
        mqtt::ClientObserver* observer_ = nullptr;
    };

    Connection* current = nullptr;
    std::vector<std::string> sent;
    int connects = 0;
};

class PomeloLinkTest : public ::testing::Test {
protected:
    PomeloLinkTest() {
        options.id = "area-1";
        options.type = "area";
        options.token = "TOK";
        options.master = "pomelo://127.0.0.1:3005";
        options.host = "10.0.0.1";
        options.port = 4000;
        AgentHooks hooks;
        hooks.event = [this](MonitorEvent event, std::string_view) { events.push_back(event); };
        calls = std::make_shared<UserCalls>(loop, nullptr, nullptr);
        const auto identity = *makeIdentity(options);
        agent = std::make_shared<MonitorAgentImpl>(loop, calls, identity.self, 10, hooks);
        agent->modules().add(std::make_shared<ConsoleModule>(ConsoleModule::Hooks{}));
        watcher = std::make_shared<WatcherModule>();
        agent->modules().add(watcher);
        agent->start(std::make_unique<PomeloLink>(
            *loop, [this] { return std::make_unique<ScriptedMaster::Connection>(master); },
            identity, nullptr));
        loop->run();
    }
    ~PomeloLinkTest() override {
        agent->close([] {});
        loop->run();
    }
    void accept(const std::string& topic = "register") {
        deliver(topic, R"({"code":1,"msg":"ok"})");
    }
    void deliver(const std::string& topic, const std::string& payload) {
        ASSERT_NE(master.current, nullptr);
        master.current->deliver(topic, payload);
        loop->run();
    }
    std::vector<std::string> takeSent() { return std::exchange(master.sent, {}); }
    /// The inner JSON of the one double-encoded message that was sent.
    json onlySent() {
        const auto sent = takeSent();
        EXPECT_EQ(sent.size(), 1U);
        if (sent.size() != 1) return {};
        const json outer = json::parse(sent[0].substr(sent[0].find(' ') + 1));
        return outer.is_string() ? json::parse(outer.get<std::string>()) : outer;
    }

    std::shared_ptr<ManualLoop> loop = std::make_shared<ManualLoop>();
    ScriptedMaster master;
    MonitorOptions options;
    std::vector<MonitorEvent> events;
    std::shared_ptr<UserCalls> calls;
    std::shared_ptr<MonitorAgentImpl> agent;
    std::shared_ptr<WatcherModule> watcher;
};

TEST_F(PomeloLinkTest, RegistersWithItsTokenAndAnInfoObject) {
    const json message = onlySent();
    EXPECT_EQ(message["id"], "area-1");
    EXPECT_EQ(message["type"], "monitor");
    EXPECT_EQ(message["serverType"], "area");
    EXPECT_EQ(message["token"], "TOK");
    EXPECT_EQ(message["info"]["host"], "10.0.0.1");
    EXPECT_EQ(message["info"]["port"], 4000);
    EXPECT_EQ(message["info"]["id"], "area-1");
    EXPECT_EQ(master.current->options().version, 4);
    EXPECT_EQ(master.current->options().url, "mqtt://127.0.0.1:3005");
    EXPECT_TRUE(master.current->options().username.empty());
    EXPECT_FALSE(master.current->options().will);
    EXPECT_FALSE(agent->isRegistered());
    accept();
    EXPECT_TRUE(agent->isRegistered());
}

TEST_F(PomeloLinkTest, UsesReconnectWithoutATokenAfterALoss) {
    accept();
    takeSent();
    master.current->breakAndReturn();
    const auto sent = takeSent();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_THAT(sent[0], ::testing::StartsWith("reconnect "));
    EXPECT_THAT(sent[0], ::testing::Not(HasSubstr("TOK")));
    EXPECT_FALSE(agent->isRegistered());
    accept("reconnect_ok");
    EXPECT_TRUE(agent->isRegistered());
}

TEST_F(PomeloLinkTest, TriesAgainOnANewConnectionWhenItsIdIsStillTaken) {
    accept();
    master.current->breakAndReturn();
    takeSent();
    deliver("reconnect_ok", R"({"code":-1,"msg":"id has been registered. id:area-1"})");
    EXPECT_EQ(master.current, nullptr);
    loop->advance(1s);
    EXPECT_EQ(master.connects, 2);
    EXPECT_THAT(takeSent(), ElementsAre(::testing::StartsWith("reconnect ")));
}

TEST_F(PomeloLinkTest, DoesNotComeInByReconnectWhenItWasRefused) {
    takeSent();
    deliver("register", R"({"code":-1,"msg":"server auth failed"})");
    EXPECT_EQ(events.back(), MonitorEvent::Refused);
    loop->advance(29s);
    EXPECT_THAT(takeSent(), IsEmpty());
    loop->advance(1s);
    EXPECT_THAT(takeSent(), ElementsAre(::testing::StartsWith("register ")));
}

TEST_F(PomeloLinkTest, TriesAgainWhenNobodyAnswersTheRegistration) {
    loop->advance(6s);
    EXPECT_EQ(master.connects, 2);
    EXPECT_EQ(events[1], MonitorEvent::Disconnected);
}

TEST_F(PomeloLinkTest, PutsTheResultsOfTheWatcherIntoError) {
    accept();
    takeSent();
    deliver(
        "monitor",
        R"("{\"reqId\":3,\"moduleId\":\"__monitorwatcher__\",\"body\":{\"action\":\"startOver\"}}")");
    const json response = onlySent();
    EXPECT_EQ(response, json::parse(R"({"respId":3,"error":1})"));
}

TEST_F(PomeloLinkTest, SaysListInPomelosShape) {
    accept();
    takeSent();
    deliver("monitor", R"({"reqId":"12","moduleId":"__console__","body":{"signal":"list"}})");
    const json response = onlySent();
    EXPECT_EQ(response["respId"], "12");
    EXPECT_EQ(response["error"]["serverId"], "area-1");
    EXPECT_EQ(response["error"]["body"]["serverType"], "area");
    EXPECT_TRUE(response["error"]["body"]["rss"].is_string());
    EXPECT_TRUE(response["error"]["body"]["uptime"].is_string());
    EXPECT_FALSE(response.contains("body"));
}

TEST_F(PomeloLinkTest, AnswersARequestForAnUnknownModule) {
    accept();
    takeSent();
    deliver("monitor", R"({"reqId":1,"moduleId":"x","body":{}})");
    EXPECT_EQ(onlySent()["error"], "unknown moduleId:x");
}

TEST_F(PomeloLinkTest, DoesARepushedRequestOnceAndAnswersBoth) {
    std::vector<std::string> maps;
    watcher->watch([&](const JsonText& servers) { maps.push_back(servers); });
    accept();
    takeSent();
    const std::string rest =
        R"(,"moduleId":"__monitorwatcher__","body":{"action":"addServer","server":{"id":"x"}}})";
    deliver("monitor", R"({"reqId":21)" + rest);
    deliver("monitor", R"({"reqId":"21")" + rest);
    EXPECT_EQ(takeSent().size(), 2U);
    EXPECT_EQ(maps.size(), 1U);
    // A master that started anew counts from 1 again: the same number is another request.
    deliver("monitor", R"({"reqId":21)" + rest);
    EXPECT_EQ(maps.size(), 2U);
}

TEST_F(PomeloLinkTest, BringsAnswersOfTheMaster) {
    accept();
    takeSent();
    std::vector<std::string> answers;
    agent->request(
        "__masterwatcher__", R"({"action":"query"})",
        [&](const Result<JsonText>& result) {
            answers.push_back(result ? *result : errcName(result.error().code()));
        },
        10s);
    loop->run();
    EXPECT_EQ(onlySent()["reqId"], 1);
    deliver("monitor", R"("{\"respId\":1,\"error\":null,\"body\":{\"a\":{\"id\":\"a\"}}}")");
    deliver("monitor", R"("{\"respId\":1,\"error\":null,\"body\":{}}")");
    EXPECT_THAT(answers, ElementsAre(R"({"a":{"id":"a"}})"));
}

TEST_F(PomeloLinkTest, NeverSendsWhatEndsAnOriginalMaster) {
    accept();
    takeSent();
    agent->notify("systemInfo", R"({"serverId":"area-1","body":{}})");
    agent->notify("m", std::string(200, '[') + std::string(200, ']'));
    agent->notify("m", "{\"a\":\"\xff\"}");
    deliver("monitor",
            R"({"reqId":"__proto__","moduleId":"__console__","body":{"signal":"list"}})");
    loop->run();
    EXPECT_THAT(takeSent(), IsEmpty());
}

TEST_F(PomeloLinkTest, SurvivesHostileMessages) {
    accept();
    takeSent();
    for (const std::string& payload :
         {std::string(), std::string("null"), std::string("7"), std::string("\"x\""),
          std::string("{"), std::string(R"({"respId":{}})"), std::string(100'000, '['),
          std::string(R"({"respId":99,"body":1})"),
          std::string(R"({"command":"x","moduleId":null})")})
        for (const char* topic : {"monitor", "register", "reconnect_ok", "client", ""})
            deliver(topic, payload);
    EXPECT_TRUE(agent->isRegistered());
}

TEST_F(PomeloLinkTest, IgnoresMessagesBeforeItIsAccepted) {
    takeSent();
    deliver("monitor", R"({"reqId":1,"moduleId":"__console__","body":{"signal":"list"}})");
    EXPECT_THAT(takeSent(), IsEmpty());
}

}  // namespace
}  // namespace muster::test
