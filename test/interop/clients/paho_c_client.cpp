// Paho's synchronous client for C.
#include "test/interop/clients/library_client.hpp"

#include <stdexcept>

#include <MQTTClient.h>

namespace muster::test {
namespace {

constexpr unsigned long kPatience = 10'000;  // milliseconds

void check(int code, const char* what) {
    if (code != MQTTCLIENT_SUCCESS)
        throw std::runtime_error(std::string(what) + ": " + std::to_string(code));
}

class PahoCClient final : public LibraryClient {
public:
    explicit PahoCClient(const LibraryOptions& options) : isV5_(options.version == 5) {
        const std::string url = "tcp://127.0.0.1:" + std::to_string(options.port);
        MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
        create.MQTTVersion = options.version;
        check(MQTTClient_createWithOptions(&client_, url.c_str(), options.clientId.c_str(),
                                           MQTTCLIENT_PERSISTENCE_NONE, nullptr, &create),
              "create");
        MQTTClient_setCallbacks(client_, this, nullptr, &PahoCClient::onMessage, nullptr);
        connectWith(options);
    }
    ~PahoCClient() override { MQTTClient_destroy(&client_); }
    std::optional<bool> isSessionPresent() const override {
        if (isV5_) return std::nullopt;  // 1.3.12 leaves its field at 0
        return isPresent_;
    }
    int subscribe(const std::string& filter, int qos) override {
        if (!isV5_) {  // whose answer this client does not give away; a failure it does
            check(MQTTClient_subscribe(client_, filter.c_str(), qos), "subscribe");
            return qos;
        }
        MQTTResponse answer = MQTTClient_subscribe5(client_, filter.c_str(), qos, nullptr, nullptr);
        const int granted = answer.reasonCode;
        MQTTResponse_free(answer);
        return granted;
    }
    void publish(const LibraryMessage& message) override {
        MQTTClient_message out = messageOf(message);
        MQTTClient_deliveryToken token = 0;
        if (isV5_) {
            MQTTResponse answer =
                MQTTClient_publishMessage5(client_, message.topic.c_str(), &out, &token);
            const int code = answer.reasonCode;
            MQTTResponse_free(answer);
            check(code, "publish");
        } else {
            check(MQTTClient_publishMessage(client_, message.topic.c_str(), &out, &token),
                  "publish");
        }
        check(MQTTClient_waitForCompletion(client_, token, kPatience), "publish");
    }
    void disconnect() override {
        const int code =
            isV5_ ? MQTTClient_disconnect5(client_, kPatience, MQTTREASONCODE_SUCCESS, nullptr)
                  : MQTTClient_disconnect(client_, kPatience);
        check(code, "disconnect");
    }

private:
    static MQTTClient_message messageOf(const LibraryMessage& message) {
        MQTTClient_message out = MQTTClient_message_initializer;
        out.payload = const_cast<char*>(message.payload.data());
        out.payloadlen = static_cast<int>(message.payload.size());
        out.qos = message.qos;
        out.retained = message.retain ? 1 : 0;
        return out;
    }
    static int onMessage(void* self, char* topic, int size, MQTTClient_message* message) {
        const std::string name =
            size > 0 ? std::string(topic, static_cast<std::size_t>(size)) : std::string(topic);
        static_cast<PahoCClient*>(self)->messages_.push(
            {name,
             {static_cast<const char*>(message->payload),
              static_cast<std::size_t>(message->payloadlen)},
             message->qos,
             message->retained != 0});
        MQTTClient_freeMessage(&message);
        MQTTClient_free(topic);
        return 1;
    }
    static MQTTClient_willOptions willOf(const LibraryMessage& message) {
        MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
        will.topicName = message.topic.c_str();
        will.payload.data = message.payload.data();
        will.payload.len = static_cast<int>(message.payload.size());
        will.qos = message.qos;
        will.retained = message.retain ? 1 : 0;
        return will;
    }
    void connectWith(const LibraryOptions& options) {
        MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
        if (options.will) will = willOf(*options.will);
        if (isV5_) return connect5(options, options.will ? &will : nullptr);
        MQTTClient_connectOptions connect = MQTTClient_connectOptions_initializer;
        connect.MQTTVersion = options.version;
        connect.cleansession = options.isPersistent ? 0 : 1;
        if (options.will) connect.will = &will;
        check(MQTTClient_connect(client_, &connect), "connect");
        isPresent_ = connect.returned.sessionPresent != 0;
    }
    void connect5(const LibraryOptions& options, MQTTClient_willOptions* will) {
        MQTTClient_connectOptions connect = MQTTClient_connectOptions_initializer5;
        connect.cleanstart = options.isPersistent ? 0 : 1;
        connect.will = will;
        MQTTProperties properties = MQTTProperties_initializer;
        MQTTProperty expiry{};
        expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
        expiry.value.integer4 = options.isPersistent ? 600 : 0;
        MQTTProperties_add(&properties, &expiry);
        MQTTResponse answer = MQTTClient_connect5(client_, &connect, &properties, nullptr);
        const int code = answer.reasonCode;
        MQTTResponse_free(answer);
        MQTTProperties_free(&properties);
        check(code, "connect");
    }

    MQTTClient client_ = nullptr;
    bool isV5_;
    bool isPresent_ = false;
};

}  // namespace

std::unique_ptr<LibraryClient> LibraryClient::connect(LibraryOptions options) {
    return std::make_unique<PahoCClient>(options);
}

}  // namespace muster::test
