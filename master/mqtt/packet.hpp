#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// MQTT control packets as values: 3.1 (level 3), 3.1.1 (level 4) and 5.0 (level 5).
namespace muster::mqtt {

enum class Version : std::uint8_t { V31 = 3, V311 = 4, V5 = 5 };

/// Reason codes of MQTT 5 (2.4). Versions 3.x map what they have in the codec's users.
enum class ReasonCode : std::uint8_t {
    Success = 0x00,  // also NormalDisconnection, GrantedQos0
    GrantedQos1 = 0x01,
    GrantedQos2 = 0x02,
    DisconnectWithWill = 0x04,
    NoMatchingSubscribers = 0x10,
    NoSubscriptionExisted = 0x11,
    ContinueAuthentication = 0x18,
    Reauthenticate = 0x19,
    UnspecifiedError = 0x80,
    MalformedPacket = 0x81,
    ProtocolError = 0x82,
    ImplementationSpecificError = 0x83,
    UnsupportedProtocolVersion = 0x84,
    ClientIdentifierNotValid = 0x85,
    BadUserNameOrPassword = 0x86,
    NotAuthorized = 0x87,
    ServerUnavailable = 0x88,
    ServerBusy = 0x89,
    Banned = 0x8A,
    ServerShuttingDown = 0x8B,
    BadAuthenticationMethod = 0x8C,
    KeepAliveTimeout = 0x8D,
    SessionTakenOver = 0x8E,
    TopicFilterInvalid = 0x8F,
    TopicNameInvalid = 0x90,
    PacketIdentifierInUse = 0x91,
    PacketIdentifierNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    TopicAliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    MessageRateTooHigh = 0x96,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
    PayloadFormatInvalid = 0x99,
    RetainNotSupported = 0x9A,
    QosNotSupported = 0x9B,
    UseAnotherServer = 0x9C,
    ServerMoved = 0x9D,
    SharedSubscriptionsNotSupported = 0x9E,
    ConnectionRateExceeded = 0x9F,
    MaximumConnectTime = 0xA0,
    SubscriptionIdentifiersNotSupported = 0xA1,
    WildcardSubscriptionsNotSupported = 0xA2,
};

using UserProperties = std::vector<std::pair<std::string, std::string>>;

/// Every property of MQTT 5 (2.2.2.2). One struct for all packets: the codec accepts and writes
/// only those that the packet type allows.
struct Properties {
    std::optional<std::uint8_t> payloadFormat;                    // 0x01
    std::optional<std::uint32_t> messageExpiry;                   // 0x02, seconds
    std::optional<std::string> contentType;                       // 0x03
    std::optional<std::string> responseTopic;                     // 0x08
    std::optional<std::string> correlationData;                   // 0x09, binary
    std::vector<std::uint32_t> subscriptionIdentifiers;           // 0x0B, 1..268435455
    std::optional<std::uint32_t> sessionExpiry;                   // 0x11, seconds
    std::optional<std::string> assignedClientIdentifier;          // 0x12
    std::optional<std::uint16_t> serverKeepAlive;                 // 0x13, seconds
    std::optional<std::string> authenticationMethod;              // 0x15
    std::optional<std::string> authenticationData;                // 0x16, binary
    std::optional<std::uint8_t> requestProblemInformation;        // 0x17
    std::optional<std::uint32_t> willDelay;                       // 0x18, seconds
    std::optional<std::uint8_t> requestResponseInformation;       // 0x19
    std::optional<std::string> responseInformation;               // 0x1A
    std::optional<std::string> serverReference;                   // 0x1C
    std::optional<std::string> reasonString;                      // 0x1F
    std::optional<std::uint16_t> receiveMaximum;                  // 0x21
    std::optional<std::uint16_t> topicAliasMaximum;               // 0x22
    std::optional<std::uint16_t> topicAlias;                      // 0x23
    std::optional<std::uint8_t> maximumQos;                       // 0x24
    std::optional<std::uint8_t> retainAvailable;                  // 0x25
    UserProperties userProperties;                                // 0x26, in order
    std::optional<std::uint32_t> maximumPacketSize;               // 0x27
    std::optional<std::uint8_t> wildcardSubscriptionAvailable;    // 0x28
    std::optional<std::uint8_t> subscriptionIdentifierAvailable;  // 0x29
    std::optional<std::uint8_t> sharedSubscriptionAvailable;      // 0x2A

    bool operator==(const Properties&) const = default;
};

struct Will {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    Properties properties;
    bool operator==(const Will&) const = default;
};

struct Connect {
    Version version = Version::V5;
    bool cleanStart = true;
    std::uint16_t keepAlive = 0;  // seconds; 0: off
    std::string clientId;
    std::optional<Will> will;
    std::optional<std::string> username;
    std::optional<std::string> password;
    Properties properties;
    bool operator==(const Connect&) const = default;
};

struct Connack {
    bool sessionPresent = false;
    std::uint8_t code = 0;  // MQTT 5: a ReasonCode; 3.x: return code 0..5
    Properties properties;
    bool operator==(const Connack&) const = default;
};

struct Publish {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    std::uint16_t packetId = 0;  // 0 exactly if qos is 0
    Properties properties;
    bool operator==(const Publish&) const = default;
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP share one form.
template <int Tag>
struct PublishAck {
    std::uint16_t packetId = 0;
    ReasonCode code = ReasonCode::Success;
    Properties properties;
    bool operator==(const PublishAck&) const = default;
};
using Puback = PublishAck<4>;
using Pubrec = PublishAck<5>;
using Pubrel = PublishAck<6>;
using Pubcomp = PublishAck<7>;

struct Subscription {
    std::string filter;
    std::uint8_t qos = 0;
    bool noLocal = false;
    bool retainAsPublished = false;
    std::uint8_t retainHandling = 0;  // 0 send, 1 send if new, 2 do not send
    bool operator==(const Subscription&) const = default;
};

struct Subscribe {
    std::uint16_t packetId = 0;
    std::vector<Subscription> subscriptions;  // at least one
    Properties properties;
    bool operator==(const Subscribe&) const = default;
};

struct Suback {
    std::uint16_t packetId = 0;
    std::vector<std::uint8_t> codes;  // one per filter, in order
    Properties properties;
    bool operator==(const Suback&) const = default;
};

struct Unsubscribe {
    std::uint16_t packetId = 0;
    std::vector<std::string> filters;  // at least one
    Properties properties;
    bool operator==(const Unsubscribe&) const = default;
};

struct Unsuback {
    std::uint16_t packetId = 0;
    std::vector<std::uint8_t> codes;  // MQTT 5 only
    Properties properties;
    bool operator==(const Unsuback&) const = default;
};

struct Pingreq {
    bool operator==(const Pingreq&) const = default;
};
struct Pingresp {
    bool operator==(const Pingresp&) const = default;
};

struct Disconnect {
    ReasonCode code = ReasonCode::Success;
    Properties properties;
    bool operator==(const Disconnect&) const = default;
};

struct Auth {
    ReasonCode code = ReasonCode::Success;
    Properties properties;
    bool operator==(const Auth&) const = default;
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

}  // namespace muster::mqtt
