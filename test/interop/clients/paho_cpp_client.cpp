// Paho's client for C++, which stands on the asynchronous one for C.
#include "test/interop/clients/library_client.hpp"

#include <stdexcept>

#include <mqtt/async_client.h>

namespace muster::test {
namespace {

constexpr std::chrono::seconds kPatience{10};

void wait(const mqtt::token_ptr& token, const char* what) {
    if (!token->wait_for(kPatience)) throw std::runtime_error(std::string(what) + ": no answer");
}

class PahoCppClient final : public LibraryClient {
public:
    explicit PahoCppClient(const LibraryOptions& options)
        : client_("tcp://127.0.0.1:" + std::to_string(options.port), options.clientId,
                  mqtt::create_options(options.version)) {
        client_.set_message_callback([this](const mqtt::const_message_ptr& message) {
            messages_.push({message->get_topic(), message->to_string(), message->get_qos(),
                            message->is_retained()});
        });
        mqtt::connect_options connect;
        connect.set_mqtt_version(options.version);
        if (options.version == 5) {
            connect.set_clean_start(!options.isPersistent);
            const std::int32_t expiry = options.isPersistent ? 600 : 0;
            const mqtt::properties properties{{mqtt::property::SESSION_EXPIRY_INTERVAL, expiry}};
            connect.set_properties(properties);
        } else {
            connect.set_clean_session(!options.isPersistent);
        }
        if (options.will)
            connect.set_will(mqtt::will_options(options.will->topic, options.will->payload,
                                                options.will->qos, options.will->retain));
        const auto token = client_.connect(connect);
        wait(token, "connect");
        isPresent_ = token->get_connect_response().is_session_present();
    }
    std::optional<bool> isSessionPresent() const override { return isPresent_; }
    int subscribe(const std::string& filter, int qos) override {
        const auto token = client_.subscribe(filter, qos);
        wait(token, "subscribe");
        return static_cast<int>(token->get_subscribe_response().get_reason_codes().at(0));
    }
    void publish(const LibraryMessage& message) override {
        wait(client_.publish(message.topic, message.payload.data(), message.payload.size(),
                             message.qos, message.retain),
             "publish");
    }
    void disconnect() override { wait(client_.disconnect(), "disconnect"); }

private:
    mqtt::async_client client_;
    bool isPresent_ = false;
};

}  // namespace

std::unique_ptr<LibraryClient> LibraryClient::connect(LibraryOptions options) {
    return std::make_unique<PahoCppClient>(options);
}

}  // namespace muster::test
