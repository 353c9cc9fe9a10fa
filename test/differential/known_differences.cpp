// Every way in which libmosquitto 2.0.11 and mqtt-packet 9.0.2 are known to differ from us, each
// with its reason. What no rule here explains is a failure. MQTT 5 sections, unless it says 3.1.
#include "test/differential/known_differences.hpp"

#include "master/mqtt/topic_filter.hpp"
#include "test/differential/packet_json.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace muster::test {

using namespace mqtt;

namespace {

constexpr KnownDifference kShareName{
    "share name", "libmosquitto takes $share/NAME/FILTER for a plain filter (4.8.2-1, -2)"};
constexpr KnownDifference kTooDeep{
    "too deep",
    "we refuse more than 128 levels, so that no walk is deep; libmosquitto has no bound"};
constexpr KnownDifference kEmptyText{
    "empty", "4.7.3-1: at least one character; libmosquitto 2.0.11 takes an empty topic or filter"};
constexpr KnownDifference kControls{
    "control characters",
    "1.5.4: U+0001..U+001F, U+007F..U+009F and non-characters MAY be refused; libmosquitto does"};

bool isTooDeep(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '/')) + 1 >
           kMaxTopicLevels;
}

bool mayBeRefused(std::uint32_t point) {
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) ||
           (point >= 0xFDD0 && point <= 0xFDEF) || (point & 0xFFFE) == 0xFFFE;
}

/// The code points of well-formed UTF-8.
bool hasRefusable(std::string_view text) {
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text[0]);
        const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        std::uint32_t point = size == 1 ? first : first & (0x7FU >> size);
        for (std::size_t i = 1; i < size; ++i)
            point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
        if (mayBeRefused(point)) return true;
        text.remove_prefix(size);
    }
    return false;
}

/// What we check and mqtt-packet does not, by the detail of our error.
struct Unchecked {
    std::string_view detail;
    KnownDifference difference;
};
constexpr std::array kUnchecked{
    Unchecked{"a field ends after its packet",
              {"field past the end", "it reads on into what follows, or takes -1 (1.5.5, 4.13)"}},
    Unchecked{"bytes after the last field", {"trailing bytes", "it ignores them (3.1.3-1, 4.13)"}},
    Unchecked{"an integer has more bytes than it needs",
              {"long integer", "1.5.5-1: the minimum number of bytes"}},
    Unchecked{"Remaining Length is longer than needed",
              {"long Remaining Length", "1.5.5-1: the minimum number of bytes"}},
    Unchecked{"a variable byte integer has more than four bytes",
              {"five-byte integer", "it takes a property section's for 0 (1.5.5)"}},
    Unchecked{"a string is not well-formed UTF-8 without U+0000",
              {"UTF-8", "it puts U+FFFD in place of what is not well-formed (1.5.4-1, -2)"}},
    Unchecked{"a topic name has wildcards", {"topic wildcards", "3.3.2-2"}},
    Unchecked{"the will has no topic", {"empty will topic", "4.7.3-1"}},
    Unchecked{"will QoS 3", {"will QoS 3", "3.1.2-12"}},
    Unchecked{"password without user name", {"password alone", "3.1.1: 3.1.2-22"}},
    Unchecked{
        "protocol is not MQTT 3.1 (MQIsdp), 3.1.1 or 5.0",
        {"name and level", "it takes any of its names with any level, and bridges' (3.1.2-1)"}},
    Unchecked{"packet identifier 0", {"packet id 0", "2.2.1-3"}},
    Unchecked{"QoS 3", {"QoS 3", "3.3.1-4; it waits for the whole packet first"}},
    Unchecked{"DUP with QoS 0", {"DUP with QoS 0", "3.3.1-2"}},
    Unchecked{"undefined reason code", {"reason code", "2.4: of a CONNACK it takes any"}},
    Unchecked{"unknown return code in a CONNACK", {"return code", "3.1.1: 3.2.2-6"}},
    Unchecked{"unknown property", {"unknown property", "2.2.2.2; behind the packet's end"}},
    Unchecked{"a property of another packet type",
              {"foreign property", "2.2.2.2: it takes any property anywhere"}},
    Unchecked{"a property occurs twice", {"property twice", "it makes a list (2.2.2.2)"}},
    Unchecked{"a property must be 0 or 1", {"flag above 1", "it takes any byte for true"}},
    Unchecked{"a property must not be 0",
              {"property 0", "3.1.2.11.3, .4 and 3.8.2.1.2: Receive Maximum and others"}},
    Unchecked{"a topic alias must not be 0", {"topic alias 0", "3.3.2-8"}},
    Unchecked{"a response topic is empty or has wildcards", {"response topic", "3.3.2-14"}},
    Unchecked{"the properties end after their packet",
              {"properties past the end", "it reads on into what follows (2.2.2.1)"}},
    Unchecked{"a SUBSCRIBE has two subscription identifiers", {"two identifiers", "3.8.2.1.2"}},
    Unchecked{"a client's PUBLISH has a subscription identifier",
              {"client's identifier", "3.3.4-6: it does not know who sends"}},
    Unchecked{"a PUBLISH has neither topic nor topic alias", {"empty topic", "4.7.3-1"}},
    Unchecked{"authentication data without a method", {"data without method", "3.1.2.11.10"}},
    Unchecked{"session expiry in a server's DISCONNECT",
              {"server's expiry", "3.14.2-2: it does not know who sends"}},
    Unchecked{"a SUBSCRIBE without filters", {"no filters", "3.8.3-2"}},
    Unchecked{"an UNSUBSCRIBE without filters", {"no filters", "3.10.3-2"}},
    Unchecked{"an acknowledgement without codes", {"no codes", "3.9.3-1"}},
    Unchecked{"No Local on a shared subscription", {"shared No Local", "3.8.3-4"}},
    Unchecked{"too many or too long user properties",
              {"user properties", "our bound: 32 of them and 8 KiB (CVE-2021-41039)"}},
    Unchecked{"the packet is larger than allowed",
              {"size", "our bound, judged from the header; it waits for the packet (3.2.2.3.6)"}},
    Unchecked{"reserved flags in the fixed header",
              {"type 0", "2.1.2: it waits for the packet before it says so"}},
    Unchecked{"a packet type that this side never sends",
              {"type 0 or 15", "2.1.2: it waits for the packet before it says so"}},
};

constexpr KnownDifference kOldFlags{
    "3.1 flags", "3.1 ignores flags that it does not use; mqtt-packet demands 3.1.1's values"};
constexpr KnownDifference kOldCredentials{
    "3.1 credentials", "3.1: user name and password may be missing although they are announced"};
constexpr KnownDifference kEmptyAuth{
    "empty AUTH", "3.15.2.1: without a body it is Success; mqtt-packet demands a reason code"};
constexpr KnownDifference kShortBody{"short DISCONNECT or AUTH",
                                     "3.14.2.1, 3.14.2.2.1, 3.15.2.1: code and properties may be "
                                     "missing; mqtt-packet then reads them in "
                                     "what follows the packet"};
constexpr KnownDifference kBadMethod{
    "DISCONNECT 0x8C",
    "2.4 gives Bad authentication method to DISCONNECT, the table in 3.14.2.1 forgets it"};
constexpr KnownDifference kOldDup{"3.1 DUP", "3.1 gives DUP no meaning with QoS 0: we drop it"};
constexpr KnownDifference kForgottenValue{
    "empty user property",
    "3.1.2.11.8: a name may occur twice; after an empty value mqtt-packet keeps the last one only"};
constexpr KnownDifference kEarlyQos3{
    "QoS 3 early", "3.3.1-4: mqtt-packet says so at the first byte, we when the packet is there"};
constexpr KnownDifference kEarlyConnect{
    "CONNECT flags early",
    "2.1.3-1: mqtt-packet says so at the first byte; 3.1 ignores them, and only the body tells"};
constexpr KnownDifference kOldSessionPresent{
    "3.1 session present", "3.1, 3.2: the byte is reserved there; mqtt-packet reads the flag"};
constexpr KnownDifference kUnwrittenId{
    "empty client id",
    "3.1.3-6: allowed in 5.0; in 3.x it is for the session to refuse it with 0x02 (3.1.3-8, -9)"};
constexpr KnownDifference kUnwrittenPassword{
    "password alone", "3.1.2.9: 5.0 allows it without user name; mqtt-packet does not write it"};

/// A DISCONNECT or AUTH of 5.0 without properties, or without a reason code too.
bool isShortBody(std::string_view bytes, Version version) {
    if (version != Version::V5 || bytes.size() < 2) return false;
    const auto first = static_cast<unsigned char>(bytes[0]);
    return (first == 0xE0 || first == 0xF0) && static_cast<unsigned char>(bytes[1]) <= 1;
}

const Properties* propertiesOf(const Packet& packet) {
    return std::visit(
        [](const auto& one) -> const Properties* {
            if constexpr (requires { one.properties; }) return &one.properties;
            return nullptr;
        },
        packet);
}

bool isAboutOldFlags(std::string_view message) {
    for (const std::string_view flags :
         {"Invalid header flag bits", "Invalid connack flags", "Connect flag bit 0",
          "Will Retain Flag must", "Will QoS must", "Invalid subscribe topic flag bits"})
        if (message.substr(0, flags.size()) == flags) return true;
    return false;
}

bool forgetsValue(const Properties& properties) {
    std::set<std::string_view> empty;
    for (const auto& [name, value] : properties.userProperties) {
        if (empty.count(name) != 0) return true;
        if (value.empty()) empty.insert(name);
    }
    return false;
}

}  // namespace

const KnownDifference* explainFilter(std::string_view filter, bool theirs) {
    if (!theirs) return nullptr;
    if (filter.empty()) return &kEmptyText;
    if (filter.substr(0, 7) == "$share/") return &kShareName;
    return isTooDeep(filter) ? &kTooDeep : nullptr;
}

const KnownDifference* explainTopic(std::string_view topic, bool theirs) {
    if (!theirs) return nullptr;
    if (topic.empty()) return &kEmptyText;
    return isTooDeep(topic) ? &kTooDeep : nullptr;
}

const KnownDifference* explainText(std::string_view text, bool theirs) {
    return !theirs && hasRefusable(text) ? &kControls : nullptr;
}

const KnownDifference* explainOurRefusal(const DecodeError& error) {
    for (const Unchecked& row : kUnchecked)
        if (row.detail == error.detail) return &row.difference;
    return nullptr;
}

const KnownDifference* explainTheirRefusal(const Decoded& ours, Version version,
                                           std::string_view bytes, std::string_view message) {
    const auto* connect = std::get_if<Connect>(&ours.packet);
    if (connect != nullptr) version = connect->version;
    if (version == Version::V31) {
        if (message == "Cannot parse username" || message == "Cannot parse password")
            return &kOldCredentials;
        if (isAboutOldFlags(message)) return &kOldFlags;
    }
    if (bytes.substr(0, 2) == std::string_view("\xF0\0", 2)) return &kEmptyAuth;
    if (isShortBody(bytes, version)) return &kShortBody;
    const auto* disconnect = std::get_if<Disconnect>(&ours.packet);
    const bool isBadMethod =
        disconnect != nullptr && disconnect->code == ReasonCode::BadAuthenticationMethod;
    return isBadMethod ? &kBadMethod : nullptr;
}

const KnownDifference* explainOurWait(Version version, std::string_view bytes,
                                      std::string_view message) {
    if (version == Version::V31 && isAboutOldFlags(message)) return &kOldFlags;
    const unsigned first = static_cast<unsigned char>(bytes[0]);
    if (first >> 4 == 1 && message.substr(0, 19) == "Invalid header flag") return &kEarlyConnect;
    constexpr unsigned kPublishWithQos3 = 0x36;
    const bool isQos3 = (first & 0xF6U) == kPublishWithQos3;
    return isQos3 && message == "Packet must not have both QoS bits set to 1" ? &kEarlyQos3
                                                                              : nullptr;
}

const KnownDifference* explainFields(const Packet& ours, Version version, std::string_view bytes,
                                     std::string_view theirJson) {
    if (isShortBody(bytes, version)) return &kShortBody;
    if (const auto* publish = std::get_if<Publish>(&ours);
        publish != nullptr && version == Version::V31 && publish->qos == 0) {
        Publish withDup = *publish;
        withDup.dup = true;
        if (packetJson(withDup) == theirJson) return &kOldDup;
    }
    if (const auto* connack = std::get_if<Connack>(&ours);
        connack != nullptr && version == Version::V31) {
        Connack withFlag = *connack;
        withFlag.sessionPresent = true;
        if (packetJson(withFlag) == theirJson) return &kOldSessionPresent;
    }
    const Properties* properties = propertiesOf(ours);
    const auto* connect = std::get_if<Connect>(&ours);
    const bool forgets =
        (properties != nullptr && forgetsValue(*properties)) ||
        (connect != nullptr && connect->will && forgetsValue(connect->will->properties));
    if (forgets && withoutUserProperties(packetJson(ours)) == withoutUserProperties(theirJson))
        return &kForgottenValue;
    return nullptr;
}

const KnownDifference* explainUnwritten(const Packet& packet, std::string_view message) {
    const auto* connect = std::get_if<Connect>(&packet);
    if (connect == nullptr) return nullptr;
    if (message.substr(0, 17) == "clientId must be " && connect->clientId.empty())
        return &kUnwrittenId;
    if (connect->version == Version::V5 && message == "Username is required to use password" &&
        !connect->username)
        return &kUnwrittenPassword;
    return nullptr;
}

}  // namespace muster::test
