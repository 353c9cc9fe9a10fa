#pragma once

#include "master/mqtt/connection.hpp"
#include "test/fuzz/connection_witness.hpp"
#include "test/fuzz/script_packets.hpp"
#include "test/fuzz/script_store.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

/// Everybody is let in under the user name, at once or when answer() is called; "eve" has no rights
/// below `w/`, and none at all while `isEveShutOut`.
class ScriptAccess final : public mqtt::AccessControl {
public:
    void authenticate(mqtt::Credentials credentials,
                      std::function<void(mqtt::AuthResult)> done) override;
    bool mayPublish(const mqtt::ClientIdentity& who, std::string_view topic) const override;
    bool mayRead(const mqtt::ClientIdentity& who, std::string_view topic) const override;
    bool maySubscribe(const mqtt::ClientIdentity& who, std::string_view filter) const override;
    std::string responseInformation(const mqtt::ClientIdentity&) const override { return "reply/"; }

    void answer();
    bool isWaiting() const { return !waiting_.empty(); }

    bool isSlow = false;
    bool isEveShutOut = false;

private:
    std::vector<std::function<void()>> waiting_;
};

/// A foreign protocol that answers each message, and hangs up when it is told to.
class ScriptLinks final : public LinkObserver {
public:
    void onOpen(Link&) override {}
    void onMessage(Link& link, std::string_view topic, std::string_view payload) override;
    void onClose(Link&, std::string_view) override {}
};

/// One client of a script: its connection, what it has not sent yet, and who watches.
class ScriptClient final : public mqtt::Wire {
public:
    ScriptClient(mqtt::Broker& broker, bool mayBeForeign, TimePoint now)
        : witness(broker.limits().decode, mayBeForeign),
          connection(broker, *this, {"192.0.2.1:1", "script", true}, now) {}

    void outputReady() override {}
    void inputWanted() override {}
    void close() override {}

    /// Sends what waits, if the connection reads.
    void flush(TimePoint now);
    /// Shows the witness what is new in the output.
    void watch();
    /// Takes up to `most` bytes of the output. False: there were none.
    bool read(std::size_t most, TimePoint now);

    ConnectionWitness witness;
    mqtt::Connection connection;
    std::string unsent;
    bool isReading = true;

private:
    std::size_t seen_ = 0;  // bytes at the front of the output that the witness knows
};

/// A broker and its clients, as a script plays them.
class ScriptWorld {
public:
    /// The record's arguments choose limits, the foreign protocol, slow authentication and a store.
    explicit ScriptWorld(const ScriptRecord& settings);
    void play(const ScriptRecord& record);
    /// Everybody reads, nothing is under way: all must be answered.
    void finish();

private:
    static mqtt::BrokerLimits limitsOf(const ScriptRecord& settings);
    ScriptClient& client(const ScriptRecord& record);
    void send(const ScriptRecord& record, const mqtt::Packet& packet);
    void sendBytes(const ScriptRecord& record, std::string bytes);
    void answer(const ScriptRecord& record);
    void passTime(const ScriptRecord& record);
    void read(const ScriptRecord& record);
    void operate(const ScriptRecord& record);
    void publishInside(const ScriptRecord& record);
    void startBroker();
    void crash();
    void settle();
    bool settleOnce();
    void checkLimits();

    TimePoint now_{std::chrono::hours(1)};
    ScriptAccess access_;
    ScriptLinks links_;
    mqtt::BrokerLimits limits_;
    ScriptStore store_;
    std::unique_ptr<mqtt::Broker> broker_;
    bool isForeignOn_ = false;
    bool hasStore_ = false;
    std::size_t restoredBytes_ = 0;  // queued at the broker's start
    bool wantsWork_ = false;
    std::array<std::unique_ptr<ScriptClient>, 4> clients_;
};

}  // namespace muster::test
