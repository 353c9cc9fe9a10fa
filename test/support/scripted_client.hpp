#pragma once

#include "master/mqtt/connection.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace muster::test {

/// For INSTANTIATE_TEST_SUITE_P over protocol versions.
inline std::string versionName(const ::testing::TestParamInfo<mqtt::Version>& test) {
    return "V" + std::to_string(static_cast<int>(test.param));
}

/// Lets everybody in under their user name ("anonymous" without one) and allows everything, unless
/// a test says otherwise.
class ScriptedAccess final : public mqtt::AccessControl {
public:
    void authenticate(mqtt::Credentials credentials,
                      std::function<void(mqtt::AuthResult)> done) override;
    bool mayPublish(const mqtt::ClientIdentity& who, std::string_view topic) const override {
        return !publishRule || publishRule(who, topic);
    }
    bool mayRead(const mqtt::ClientIdentity& who, std::string_view topic) const override {
        return !readRule || readRule(who, topic);
    }
    bool maySubscribe(const mqtt::ClientIdentity& who, std::string_view filter) const override {
        return !subscribeRule || subscribeRule(who, filter);
    }
    bool isStillGranted(const mqtt::ClientIdentity& who) const override {
        return who.name != revoked;
    }
    std::string responseInformation(const mqtt::ClientIdentity& who) const override {
        return "reply/" + who.name;
    }

    using Rule = std::function<bool(const mqtt::ClientIdentity&, std::string_view)>;
    Rule publishRule, readRule, subscribeRule;
    std::string revoked = {};  // who was somebody in an earlier process
    mqtt::ReasonCode verdict = mqtt::ReasonCode::Success;
    std::optional<mqtt::ClientCertificate> certificate;  // of the last who asked
    bool isSlow = false;                                 // answers wait for answer()
    std::vector<std::function<void()>> waiting;
    void answer();
};

/// A broker in virtual time.
class BrokerWorld {
public:
    explicit BrokerWorld(mqtt::BrokerLimits limits = {}, mqtt::BrokerObserver* observer = nullptr)
        : broker(limits, access, "test", observer) {
        broker.enter(now);
    }
    /// Moves time on, with a tick every 250 ms.
    void after(std::chrono::milliseconds time);

    TimePoint now{std::chrono::hours(1)};
    ScriptedAccess access;
    mqtt::Broker broker;
};

/// A client that is a script: packets in, packets out, no socket.
class ScriptedClient final : public mqtt::Wire {
public:
    explicit ScriptedClient(BrokerWorld& world, mqtt::Version version = mqtt::Version::V5);
    ~ScriptedClient() override = default;

    /// A CONNECT of this client's version, clean start.
    mqtt::Connect connectPacket(std::string clientId) const;
    /// Connects with the packet, expects CONNACK 0 and returns it.
    mqtt::Connack connects(mqtt::Connect packet);
    mqtt::Connack connects(std::string clientId) {
        return connects(connectPacket(std::move(clientId)));
    }
    /// Subscribes and returns the codes of the SUBACK.
    std::vector<std::uint8_t> subscribes(std::string filter, int qos = 0);
    std::vector<std::uint8_t> subscribes(mqtt::Subscription subscription,
                                         std::uint32_t identifier = 0);
    void publishes(std::string topic, std::string payload, int qos = 0, bool retain = false);

    void sends(const mqtt::Packet& packet);
    void sendsBytes(std::string_view bytes);
    /// The network fails.
    void vanishes() { connection_->ended("the network failed", world_.now); }
    /// Does not read: the broker's output stays where it is.
    void stopsReading() { isReading_ = false; }
    void readsAgain();

    /// The next packet from the broker, which has to be a T.
    template <class T>
    T expects() {
        read();
        if (packets_.empty()) {
            ADD_FAILURE() << "nothing came";
            return {};
        }
        mqtt::Packet packet = std::move(packets_.front());
        packets_.pop_front();
        if (auto* wanted = std::get_if<T>(&packet)) return std::move(*wanted);
        ADD_FAILURE() << "another packet came, type " << packet.index() + 1;
        return {};
    }
    /// The next packet, of any type. Precondition: received() > 0.
    mqtt::Packet take() {
        mqtt::Packet packet = std::move(packets_.front());
        packets_.pop_front();
        return packet;
    }
    /// The next packet is this PUBLISH; returns it.
    mqtt::Publish expectsMessage(std::string_view topic, std::string_view payload);
    void expectsNothing();
    void expectsClosed();
    void expectsDisconnect(mqtt::ReasonCode code);
    bool isClosed() const noexcept { return isClosed_; }
    std::size_t received() {
        read();
        return packets_.size();
    }
    mqtt::Connection& connection() { return *connection_; }
    /// How often the broker said that it reads on.
    std::size_t wakeups() const noexcept { return wakeups_; }

    void outputReady() override {}
    void inputWanted() override { ++wakeups_; }
    void close() override { isClosed_ = true; }

private:
    void read();
    void decodeAll();

    BrokerWorld& world_;
    mqtt::Version version_;
    std::unique_ptr<mqtt::Connection> connection_;
    std::uint16_t nextId_ = 1;
    bool isClosed_ = false;
    bool isReading_ = true;
    std::size_t wakeups_ = 0;
    std::string bytes_;
    std::deque<mqtt::Packet> packets_;
};

}  // namespace muster::test
