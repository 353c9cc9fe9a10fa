#pragma once

#include "master/mqtt/packet.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::test {

/// What happens in a step of a script.
enum class ScriptStep : std::uint8_t {
    Connect,
    Subscribe,
    Unsubscribe,
    Publish,
    Answer,       // acknowledges what the client was sent, as it should
    Acknowledge,  // any acknowledgement of any id
    Ping,
    Disconnect,
    Bytes,  // up to six bytes as they are
    PassTime,
    Read,  // stops reading, reads a little, reads all
    Cut,
    Operate,  // what an operator or the authentication does
    PublishInside,
    PublishLarge,
    ConnectAgain,  // as Connect: without one little happens
};

/// One record of a script, taken apart.
struct ScriptRecord {
    explicit ScriptRecord(std::string_view bytes);  // 8 bytes

    ScriptStep step;
    std::uint8_t client;
    bool waits;
    bool isDamaged;
    std::array<std::uint8_t, 7> arguments;
};

/// The CONNECT, SUBSCRIBE, ... that the record's arguments choose. Names and topics are few, so
/// that clients meet.
mqtt::Connect scriptConnect(const ScriptRecord& record);
mqtt::Subscribe scriptSubscribe(const ScriptRecord& record);
mqtt::Unsubscribe scriptUnsubscribe(const ScriptRecord& record);
mqtt::Publish scriptPublish(const ScriptRecord& record);
mqtt::Packet scriptAcknowledgement(const ScriptRecord& record);
mqtt::Disconnect scriptDisconnect(const ScriptRecord& record);

}  // namespace muster::test
