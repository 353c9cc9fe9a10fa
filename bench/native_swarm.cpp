// N cheap native monitors in one thread, so that the master under test is the bottleneck.
//
//   muster_native_swarm --port P --token T [--host 127.0.0.1] [--n 1] [--types fast,..]
//                       [--prefix fast-] [--conc 200] [--cluster bench]
//
// What a monitor says (docs/protocol.md) over MQTT 5 and QoS 1: CONNECT with its will, six
// subscriptions, presence; it is registered once its presence is acknowledged and the leader was
// seen. Then it behaves as modules `bench` and `echo`. --token: server.token of the state
// directory, or its type's. Loopback only. Ends when all are cut off.
#include "bench/pomelo_text.hpp"
#include "bench/swarm.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "master/mqtt/codec.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <unistd.h>

namespace {

using namespace muster;
using namespace muster::bench;

constexpr std::uint16_t kSubscribeId = 1;
constexpr std::uint16_t kPresenceId = 2;
constexpr std::uint16_t kFirstId = 3;

class NativeMonitor final : public RawMonitor {
public:
    NativeMonitor(Swarm& swarm, int fd, std::string id, std::string type)
        : RawMonitor(swarm, fd, std::move(id), std::move(type)),
          topics_(swarm.options().cluster),
          incarnation_(wire::makeNonce()) {}
    void sendConnect() override;

private:
    std::size_t takePackets(std::string_view bytes) override;
    void on(const mqtt::Packet& packet);
    void onPublish(const mqtt::Publish& message);
    void answer(const mqtt::Publish& request, std::string body);
    void blast(std::string_view body);
    void subscribe();
    void publishPresence();
    void registerIfComplete();
    void put(const mqtt::Packet& packet) { mqtt::encode(packet, mqtt::Version::V5, out_); }
    std::string presence(std::string_view state) const;
    std::uint16_t nextId();

    wire::Topics topics_;
    std::string incarnation_;
    std::uint16_t lastId_ = kFirstId;
    bool isPresent_ = false;
    bool isLeaderSeen_ = false;
    bool isRegistered_ = false;
};

WallTime now() {
    return std::chrono::system_clock::now();
}

std::string NativeMonitor::presence(std::string_view state) const {
    const std::string port = std::to_string(30'000 + fd() % 30'000);
    return R"({"v":1,"time":")" + wire::formatTime(now()) + R"(","state":")" + std::string(state) +
           R"(","type":")" + type_ + R"(","host":"127.0.0.1","port":)" + port + R"(,"pid":)" +
           std::to_string(::getpid()) + R"(,"incarnation":")" + incarnation_ +
           R"(","busy":0,"protocol":1,"version":"bench","info":{}})";
}

void NativeMonitor::sendConnect() {
    mqtt::Connect connect;
    connect.clientId = id_;
    connect.username = id_;
    connect.password = swarm_.options().token;
    connect.will = mqtt::Will{topics_.presence(id_), presence("offline"), 1, true, {}};
    put(connect);
}

std::size_t NativeMonitor::takePackets(std::string_view bytes) {
    static const mqtt::DecodeLimits limits{.maxPacketSize = kMaxPacket};
    std::size_t taken = 0;
    while (!isBroken_) {
        const auto result =
            mqtt::decode(bytes.substr(taken), mqtt::Version::V5, mqtt::From::Server, limits);
        const auto* decoded = std::get_if<mqtt::Decoded>(&result);
        if (decoded == nullptr) {
            isBroken_ = std::holds_alternative<mqtt::DecodeError>(result);
            break;
        }
        on(decoded->packet);
        taken += decoded->size;
    }
    return taken;
}

void NativeMonitor::on(const mqtt::Packet& packet) {
    if (const auto* message = std::get_if<mqtt::Publish>(&packet)) return onPublish(*message);
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
        isBroken_ = connack->code != 0;
        if (!isBroken_) subscribe();
    } else if (std::holds_alternative<mqtt::Suback>(packet)) {
        // Some may be refused: to/type, if no token and no servers.json tells the type.
        publishPresence();
    } else if (const auto* acknowledged = std::get_if<mqtt::Puback>(&packet)) {
        isPresent_ = isPresent_ || acknowledged->packetId == kPresenceId;
        registerIfComplete();
    } else if (std::holds_alternative<mqtt::Disconnect>(packet)) {
        isBroken_ = true;
    }
}

void NativeMonitor::subscribe() {
    mqtt::Subscribe subscribe;
    subscribe.packetId = kSubscribeId;
    for (std::string filter : {topics_.leader(), topics_.presence(id_), topics_.reply(id_, "#"),
                               topics_.toMonitor(id_), topics_.toType(type_), topics_.toAll()})
        subscribe.subscriptions.push_back({std::move(filter), 1});
    put(subscribe);
}

void NativeMonitor::publishPresence() {
    mqtt::Publish message;
    message.topic = topics_.presence(id_);
    message.payload = presence("online");
    message.qos = 1;
    message.retain = true;
    message.packetId = kPresenceId;
    put(message);
}

void NativeMonitor::registerIfComplete() {
    if (isRegistered_ || !isPresent_ || !isLeaderSeen_) return;
    isRegistered_ = true;
    swarm_.registered();
}

std::uint16_t NativeMonitor::nextId() {
    lastId_ = lastId_ == 65'535 ? kFirstId : static_cast<std::uint16_t>(lastId_ + 1);
    return lastId_;
}

void NativeMonitor::onPublish(const mqtt::Publish& message) {
    if (message.qos > 0) {
        mqtt::Puback acknowledgement;
        acknowledgement.packetId = message.packetId;
        put(acknowledgement);
    }
    const std::string_view topic = std::string_view(message.topic).substr(topics_.root().size());
    if (topic == "/leader") {
        isLeaderSeen_ = true;
        return registerIfComplete();
    }
    if (!topic.starts_with("/to/")) return;
    if (!message.properties.responseTopic) {
        if (message.payload.find("\"command\":") == std::string::npos) ++notifies_;
        return;
    }
    const std::string_view body = valueOf(message.payload, "\"body\":");
    if (isBlast(body)) {
        blast(body);
        return answer(message, blastAnswer(body));
    }
    const bool isEcho = message.payload.find("\"moduleId\":\"echo\"") != std::string::npos;
    answer(message, answerTo(body, isEcho));
}

void NativeMonitor::answer(const mqtt::Publish& request, std::string body) {
    mqtt::Publish message;
    message.topic = *request.properties.responseTopic;
    message.payload = wire::encode(wire::Answer{std::nullopt, std::move(body)}, now());
    message.qos = 1;
    message.packetId = nextId();
    message.properties.correlationData = request.properties.correlationData;
    put(message);
}

void NativeMonitor::blast(std::string_view body) {
    const Blast blast = readBlast(body);
    mqtt::Publish message;
    message.topic = topics_.toMaster(id_);
    message.payload = wire::encode(wire::Envelope{"bench", {}, blast.body, {}}, now());
    message.qos = 1;
    for (std::size_t i = 0; i < blast.total; ++i) {
        message.packetId = nextId();
        put(message);
    }
}

}  // namespace

int main(int argc, char** argv) {
    return runSwarm(argc, argv, "muster_native_swarm",
                    [](Swarm& swarm, int fd, std::string id, std::string type) {
                        return std::make_unique<NativeMonitor>(swarm, fd, std::move(id),
                                                               std::move(type));
                    });
}
