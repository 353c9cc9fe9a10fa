#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"
#include "master/mqtt/broker.hpp"

#include <map>
#include <memory>

namespace muster::mqtt {

/// A client in the broker's own process and on its thread: no socket, no encoding, no password. It
/// is a session like any other, so a client of the same id on the network takes it over. Messages
/// come to the observer from the loop, never from within a call. Loop and broker outlive it.
class EmbeddedClient final : public Client, private SessionOutlet {
public:
    EmbeddedClient(EventLoop& loop, Broker& broker, ClientIdentity identity);
    ~EmbeddedClient() override;

    /// `options.url`, `version`, user, password and keep alive are not looked at.
    void connect(ConnectOptions options, ClientObserver& observer) override;
    void publish(Message message, std::function<void(Result<PublishOutcome>)> done = {}) override;
    void subscribe(std::string filter, int qos,
                   std::function<void(Result<void>)> done = {}) override;
    void unsubscribe(std::string filter) override;
    void close() override;

private:
    struct Inbound {
        MessagePtr message;  // null: the end of a QoS 2 exchange of an earlier connection
        std::uint8_t qos = 0;
        bool retain = false;
        std::uint16_t packetId = 0;
    };
    struct Wish {
        int qos = 0;
        std::function<void(Result<void>)> done;  // until it was granted
    };

    bool send(const Delivery& delivery, const DeliveryForm& form) override;
    bool sendQos0(Routing& routing, const DeliveryForm& form) override;
    void sendPubrel(std::uint16_t packetId) override;
    bool hasRoom() const override;
    OutletFacts facts() const override;
    void detached(ReasonCode code, std::string_view why) override;

    void post(std::function<void()> task);
    void attach();
    void retry(bool wasRefused);
    void renew(const std::string& filter, Wish& wish);
    void put(Inbound inbound);
    void drain();
    void handle(const Inbound& inbound);
    SessionRequest request() const;

    EventLoop& loop_;
    Broker& broker_;
    ClientIdentity identity_;
    ConnectOptions options_;
    ClientObserver* observer_ = nullptr;  // null: closed
    Session* session_ = nullptr;
    TimePoint since_{};                   // of the session
    std::map<std::string, Wish> wishes_;  // by filter; renewed at each connect
    Fifo<Inbound> inbox_;
    bool isDraining_ = false;
    TimerId retryTimer_ = 0;
    std::chrono::milliseconds backoff_{0};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with posted tasks
};

}  // namespace muster::mqtt
