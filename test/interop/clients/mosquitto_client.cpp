// libmosquitto, with a thread of its own for each client.
#include "test/interop/clients/library_client.hpp"

#include <future>
#include <stdexcept>
#include <thread>

#include <mosquitto.h>
#include <mqtt_protocol.h>

namespace muster::test {
namespace {

void check(int code, const char* what) {
    if (code != MOSQ_ERR_SUCCESS)
        throw std::runtime_error(std::string(what) + ": " + mosquitto_strerror(code));
}

/// What a callback brings to the one who waits for it.
class Answer {
public:
    void set(int value) { promise_.set_value(value); }
    int get() {
        auto future = promise_.get_future();
        if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready)
            throw std::runtime_error("libmosquitto: no answer");
        const int value = future.get();
        promise_ = std::promise<int>();
        return value;
    }

private:
    std::promise<int> promise_;
};

class MosquittoClient final : public LibraryClient {
public:
    explicit MosquittoClient(const LibraryOptions& options) : version_(options.version) {
        mosquitto_lib_init();
        client_ = mosquitto_new(options.clientId.c_str(), !options.isPersistent, this);
        mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, options.version);
        mosquitto_connect_v5_callback_set(client_,
                                          [](auto*, void* self, int code, int flags, const auto*) {
                                              of(self).isPresent_ = (flags & 1) != 0;
                                              of(self).connected_.set(code);
                                          });
        mosquitto_subscribe_callback_set(client_,
                                         [](auto*, void* self, int, int, const int* granted) {
                                             of(self).subscribed_.set(*granted);
                                         });
        mosquitto_publish_callback_set(client_,
                                       [](auto*, void* self, int) { of(self).published_.set(0); });
        mosquitto_message_callback_set(client_, [](auto*, void* self, const auto* message) {
            of(self).messages_.push({message->topic,
                                     {static_cast<const char*>(message->payload),
                                      static_cast<std::size_t>(message->payloadlen)},
                                     message->qos,
                                     message->retain});
        });
        connectWith(options);
    }
    ~MosquittoClient() override {
        loop_.request_stop();
        if (loop_.joinable()) loop_.join();
        mosquitto_destroy(client_);
        mosquitto_lib_cleanup();
    }
    std::optional<bool> isSessionPresent() const override { return isPresent_; }
    int subscribe(const std::string& filter, int qos) override {
        check(mosquitto_subscribe(client_, nullptr, filter.c_str(), qos), "subscribe");
        return subscribed_.get();
    }
    void publish(const LibraryMessage& message) override {
        check(mosquitto_publish(client_, nullptr, message.topic.c_str(),
                                static_cast<int>(message.payload.size()), message.payload.data(),
                                message.qos, message.retain),
              "publish");
        published_.get();
    }
    void disconnect() override { check(mosquitto_disconnect(client_), "disconnect"); }

private:
    static MosquittoClient& of(void* self) { return *static_cast<MosquittoClient*>(self); }
    void connectWith(const LibraryOptions& options) {
        if (options.will) {
            const LibraryMessage& will = *options.will;
            check(mosquitto_will_set(client_, will.topic.c_str(),
                                     static_cast<int>(will.payload.size()), will.payload.data(),
                                     will.qos, will.retain),
                  "will");
        }
        mosquitto_property* properties = nullptr;
        if (version_ == 5 && options.isPersistent)
            mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 600);
        const int code =
            mosquitto_connect_bind_v5(client_, "127.0.0.1", options.port, 60, nullptr, properties);
        mosquitto_property_free_all(&properties);
        check(code, "connect");
        // Its own thread could only be cancelled, wherever that is, and would connect again.
        mosquitto_threaded_set(client_, true);
        loop_ = std::jthread([client = client_](const std::stop_token& stop) {
            constexpr int kWaitMs = 50;
            while (!stop.stop_requested() &&
                   mosquitto_loop(client, kWaitMs, 1) == MOSQ_ERR_SUCCESS) {
            }
        });
        if (const int refused = connected_.get(); refused != 0)
            throw std::runtime_error("refused: " + std::to_string(refused));
    }

    int version_;
    mosquitto* client_ = nullptr;
    bool isPresent_ = false;
    Answer connected_, subscribed_, published_;
    std::jthread loop_;
};

}  // namespace

std::unique_ptr<LibraryClient> LibraryClient::connect(LibraryOptions options) {
    return std::make_unique<MosquittoClient>(options);
}

}  // namespace muster::test
