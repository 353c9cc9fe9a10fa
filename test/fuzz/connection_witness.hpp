#pragma once

#include "master/mqtt/codec.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace muster::test {

/// Aborts, with the words on stderr, unless `condition` holds.
void requireThat(bool condition, const char* what);

/// Reads along with one connection, both ways, and aborts when the server breaks a promise: every
/// byte it sends is part of a packet of the client's version that a server may send; CONNACK first
/// and once, nothing after a refusal or a DISCONNECT; no packet above the client's Maximum Packet
/// Size; no more unacknowledged messages than its Receive Maximum, each under an id of its own;
/// every acknowledgement answers what was sent, and in the end everything was acknowledged.
///
/// What goes in and out within one turn has no order here: it is checked at the end of each.
class ConnectionWitness {
public:
    ConnectionWitness(const mqtt::DecodeLimits& limits, bool mayBeForeign)
        : limits_(limits), mayBeForeign_(mayBeForeign) {}

    /// Bytes that the connection is about to be given.
    void sent(std::string_view bytes);
    /// Bytes that it put out.
    void received(std::string_view bytes);
    /// The turn is over: acknowledgements of the client count now.
    void endTurn();
    /// Nothing is under way any more.
    void checkEverythingAnswered() const;

    /// The client broke the rules: the connection must end.
    bool isClientWrong() const noexcept { return isClientWrong_; }
    mqtt::Version version() const noexcept { return version_; }
    /// The right answer to the message or PUBREL that has waited longest, or `skip` ones later.
    /// False: none waits.
    bool answer(std::size_t skip, mqtt::Packet& packet) const;

private:
    enum class Stage { AwaitsConnack, Open, Ended };
    /// A packet that the client should get: by type of the answer and packet id.
    using Expected = std::map<std::pair<std::size_t, std::uint16_t>, std::deque<std::size_t>>;

    void readInput();
    void noteInput(const mqtt::Packet& packet);
    void expect(std::size_t type, std::uint16_t id, std::size_t codes);
    void takeExpected(std::size_t type, std::uint16_t id, std::size_t codes);
    void check(const mqtt::Packet& packet, std::size_t size);
    void checkPublish(const mqtt::Publish& packet);
    void checkPubrel(const mqtt::Pubrel& packet);
    void applyAck(const mqtt::Packet& packet);

    mqtt::DecodeLimits limits_;
    bool mayBeForeign_;
    mqtt::Version version_ = mqtt::Version::V311;
    Stage stage_ = Stage::AwaitsConnack;
    bool sawConnect_ = false;
    bool isCleanStart_ = false;
    bool isClientWrong_ = false;
    std::size_t receiveMaximum_ = 65535;
    std::size_t maximumPacketSize_ = SIZE_MAX;
    std::size_t aliasMaximum_ = 0;
    std::set<std::uint16_t> aliases_;  // that stand for a topic
    std::size_t pings_ = 0;
    std::string input_, output_;
    Expected expected_;
    std::deque<mqtt::Packet> acks_;                   // of the client, in this turn
    std::deque<std::pair<std::uint16_t, int>> open_;  // ids in flight; 1, 2, or 3: PUBREL was sent
};

}  // namespace muster::test
