#include "test/unit/monitor/monitor_rig.hpp"

#include <muster/json.hpp>

namespace muster::test {
namespace {

class HandlerModule final : public MonitorModule {
public:
    using Handler = std::function<void(MonitorAgent&, const JsonText&, Reply)>;
    HandlerModule(std::string id, Handler handler)
        : id_(std::move(id)), handler_(std::move(handler)) {}
    std::string_view id() const override { return id_; }
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override {
        handler_(agent, message, std::move(reply));
    }

private:
    std::string id_;
    Handler handler_;
};

std::string nameOf(MonitorEvent event) {
    switch (event) {
        case MonitorEvent::Connected: return "Connected";
        case MonitorEvent::Registered: return "Registered";
        case MonitorEvent::Disconnected: return "Disconnected";
        case MonitorEvent::Refused: return "Refused";
        case MonitorEvent::TakenOver: return "TakenOver";
        case MonitorEvent::Dropped: break;
    }
    return "Dropped";
}

}  // namespace

FakeMaster::FakeMaster(MemoryBroker& broker, const std::string& cluster)
    : topics(cluster), broker_(broker), client_(broker.makeClient()) {}

void FakeMaster::come() {
    client_ = broker_.makeClient();
    mqtt::ConnectOptions options;
    options.clientId = "leader";
    client_->subscribe(topics.toMaster("+"), 1);
    client_->subscribe(topics.reply("master", "#"), 1);
    client_->connect(std::move(options), *this);
}

void FakeMaster::lead(std::int64_t epoch, const std::string& clusterUid) {
    const nlohmann::json record = {
        {"v", 1}, {"id", "m1"}, {"epoch", epoch}, {"clusterUid", clusterUid}};
    mqtt::Message message;
    message.topic = topics.leader();
    message.payload = jsonText(record);
    message.retain = true;
    broker_.publish(message);
}

void FakeMaster::send(const std::string& id, wire::Envelope envelope,
                      const std::string& correlation) {
    mqtt::Message message;
    message.topic = topics.toMonitor(id);
    message.payload = wire::encode(envelope, broker_.loop().wallTime());
    if (!correlation.empty()) message.responseTopic = topics.reply("master", id);
    message.correlationData = correlation;
    broker_.publish(message);
}

void FakeMaster::ask(const std::string& id, const std::string& moduleId, const std::string& body,
                     const std::string& correlation) {
    wire::Envelope envelope;
    envelope.moduleId = moduleId;
    envelope.body = body;
    send(id, std::move(envelope), correlation);
}

void FakeMaster::sendRaw(const std::string& topic, const std::string& payload,
                         const std::string& responseTopic) {
    mqtt::Message message;
    message.topic = topics.root() + "/" + topic;
    message.payload = payload;
    message.responseTopic = responseTopic;
    broker_.publish(message);
}

void FakeMaster::answer(const mqtt::Message& request, const wire::Answer& answer) {
    mqtt::Message message;
    message.topic = request.responseTopic;
    message.correlationData = request.correlationData;
    message.payload = wire::encode(answer, broker_.loop().wallTime());
    broker_.publish(message);
}

void FakeMaster::onMessage(const mqtt::Message& message) {
    const auto topic = topics.relative(message.topic);
    if (!topic || topic->rfind("reply/", 0) != 0) {
        received_.push_back(message);
        return;
    }
    const auto answer = wire::decodeAnswer(message.payload);
    answers_.push_back(message.correlationData + " " +
                       (!answer         ? "unreadable"
                        : answer->error ? errcName(answer->error->code())
                                        : answer->body));
}

std::vector<std::string> FakeMaster::answers() {
    return std::exchange(answers_, {});
}

std::vector<std::string> FakeMaster::bodies() {
    std::vector<std::string> bodies;
    for (const auto& message : received()) {
        const auto envelope = wire::decodeEnvelope(message.payload);
        bodies.push_back(envelope ? envelope->body : "unreadable");
    }
    return bodies;
}

MonitorRig::MonitorRig(std::function<void(MonitorOptions&)> change) {
    options.id = "area-1";
    options.type = "area";
    options.cluster = "c";
    options.onEvent = [this](MonitorEvent event, std::string_view) {
        events.push_back(nameOf(event));
    };
    options.log = [this](int, std::string_view line) { lines.emplace_back(line); };
    if (change) change(options);
    calls = std::make_shared<UserCalls>(loop, options.runOn, options.log);
    AgentHooks hooks;
    hooks.event = options.onEvent;
    hooks.log = options.log;
    agent = std::make_shared<MonitorAgentImpl>(loop, calls, makeIdentity(options)->self,
                                               options.maxQueued, std::move(hooks));
}

MonitorRig::~MonitorRig() {
    close();
    calls->close();
}

void MonitorRig::start() {
    auto identity = *makeIdentity(options);
    identity.self = agent->self();
    auto made = std::make_unique<MqttUplink>(
        *loop, [this]() -> std::unique_ptr<mqtt::Client> { return broker.makeClient(); },
        std::move(identity), options.log);
    uplink = made.get();
    agent->start(std::move(made));
    run();
}

void MonitorRig::startWithLeader() {
    master.come();
    run();
    master.lead(1);
    start();
}

void MonitorRig::handle(const std::string& moduleId,
                        std::function<void(MonitorAgent&, const JsonText&, Reply)> handler) {
    agent->modules().add(std::make_shared<HandlerModule>(moduleId, std::move(handler)));
}

std::string MonitorRig::presence() const {
    const auto found = broker.retained().find(master.topics.presence(options.id));
    return found == broker.retained().end() ? std::string() : found->second.payload;
}

std::string MonitorRig::presenceState() const {
    const auto record = parseJson(presence());
    return record ? record->value("state", "") : std::string();
}

void MonitorRig::close() {
    agent->close([] {});
    advance(std::chrono::seconds(2));
}

}  // namespace muster::test
