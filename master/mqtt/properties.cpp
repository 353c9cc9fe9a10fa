#include "master/mqtt/properties.hpp"

#include "master/mqtt/byte_writer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <variant>

namespace muster::mqtt {
namespace {

using enum PacketType;

/// What a value must be, beyond fitting its type.
enum class Rule { Any, Boolean, NonZero, Alias, Utf8, Binary, Topic };

/// Where the value lives; its type says how it is encoded and whether it may be repeated.
using Member = std::variant<
    std::optional<std::uint8_t> Properties::*, std::optional<std::uint16_t> Properties::*,
    std::optional<std::uint32_t> Properties::*, std::optional<std::string> Properties::*,
    std::vector<std::uint32_t> Properties::*, UserProperties Properties::*>;

struct Row {
    std::uint8_t id;
    Member member;
    Rule rule;
    PacketTypes types;
};

constexpr PacketTypes kMessage{Publish, Will};
constexpr PacketTypes kHandshake{Connect, Connack};
constexpr PacketTypes kAnswers{Connack, PubAck,   PubRec,     PubRel, PubComp,
                               Suback,  Unsuback, Disconnect, Auth};

// MQTT 5, table 2-4, in order of the identifiers.
constexpr std::array kRows{
    Row{0x01, &Properties::payloadFormat, Rule::Boolean, kMessage},
    Row{0x02, &Properties::messageExpiry, Rule::Any, kMessage},
    Row{0x03, &Properties::contentType, Rule::Utf8, kMessage},
    Row{0x08, &Properties::responseTopic, Rule::Topic, kMessage},
    Row{0x09, &Properties::correlationData, Rule::Binary, kMessage},
    Row{0x0B, &Properties::subscriptionIdentifiers, Rule::NonZero, {Publish, Subscribe}},
    Row{0x11, &Properties::sessionExpiry, Rule::Any, {Connect, Connack, Disconnect}},
    Row{0x12, &Properties::assignedClientIdentifier, Rule::Utf8, {Connack}},
    Row{0x13, &Properties::serverKeepAlive, Rule::Any, {Connack}},
    Row{0x15, &Properties::authenticationMethod, Rule::Utf8, {Connect, Connack, Auth}},
    Row{0x16, &Properties::authenticationData, Rule::Binary, {Connect, Connack, Auth}},
    Row{0x17, &Properties::requestProblemInformation, Rule::Boolean, {Connect}},
    Row{0x18, &Properties::willDelay, Rule::Any, {Will}},
    Row{0x19, &Properties::requestResponseInformation, Rule::Boolean, {Connect}},
    Row{0x1A, &Properties::responseInformation, Rule::Utf8, {Connack}},
    Row{0x1C, &Properties::serverReference, Rule::Utf8, {Connack, Disconnect}},
    Row{0x1F, &Properties::reasonString, Rule::Utf8, kAnswers},
    Row{0x21, &Properties::receiveMaximum, Rule::NonZero, kHandshake},
    Row{0x22, &Properties::topicAliasMaximum, Rule::Any, kHandshake},
    Row{0x23, &Properties::topicAlias, Rule::Alias, {Publish}},
    Row{0x24, &Properties::maximumQos, Rule::Boolean, {Connack}},
    Row{0x25, &Properties::retainAvailable, Rule::Boolean, {Connack}},
    Row{0x26, &Properties::userProperties, Rule::Utf8,
        kAnswers | kMessage | PacketTypes{Connect, Subscribe, Unsubscribe}},
    Row{0x27, &Properties::maximumPacketSize, Rule::NonZero, kHandshake},
    Row{0x28, &Properties::wildcardSubscriptionAvailable, Rule::Boolean, {Connack}},
    Row{0x29, &Properties::subscriptionIdentifierAvailable, Rule::Boolean, {Connack}},
    Row{0x2A, &Properties::sharedSubscriptionAvailable, Rule::Boolean, {Connack}},
};

// Of a PUBLISH: what the broker passes on unaltered.
constexpr std::array<std::uint8_t, 5> kSharedByReceivers{0x01, 0x03, 0x08, 0x09, 0x26};

const Row* findRow(std::uint8_t id) noexcept {
    const auto* row = std::lower_bound(kRows.begin(), kRows.end(), id,
                                       [](const Row& r, std::uint8_t i) { return r.id < i; });
    return row != kRows.end() && row->id == id ? row : nullptr;
}

void checkNumber(ByteReader& reader, Rule rule, std::uint32_t value) noexcept {
    if (rule == Rule::Boolean && value > 1) reader.violation("a property must be 0 or 1");
    if (rule == Rule::NonZero && value == 0) reader.violation("a property must not be 0");
    if (rule == Rule::Alias && value == 0)
        reader.fail(ReasonCode::TopicAliasInvalid, "a topic alias must not be 0");
}

/// Reads one value into the member that its row names.
struct ValueReader {
    ByteReader& reader;
    const Row& row;
    PacketType type;
    const DecodeLimits& limits;
    Properties& out;
    std::size_t& userBytes;

    template <class Number>
    void operator()(std::optional<Number> Properties::*member) const {
        static_assert(std::is_unsigned_v<Number>);
        const std::uint32_t value = sizeof(Number) == 1   ? reader.u8()
                                    : sizeof(Number) == 2 ? reader.u16()
                                                          : reader.u32();
        checkNumber(reader, row.rule, value);
        if (claim(out.*member)) out.*member = static_cast<Number>(value);
    }
    void operator()(std::optional<std::string> Properties::*member) const {
        const std::string_view value = row.rule == Rule::Binary ? reader.binary() : reader.text();
        if (row.rule == Rule::Topic &&
            (value.empty() || value.find_first_of("+#") != std::string_view::npos))
            reader.violation("a response topic is empty or has wildcards");
        if (claim(out.*member)) (out.*member).emplace(value);
    }
    void operator()(std::vector<std::uint32_t> Properties::*member) const {
        const std::uint32_t value = reader.varint();
        checkNumber(reader, row.rule, value);
        // A PUBLISH from a server lists all subscriptions that matched; a SUBSCRIBE has one.
        if (type == Subscribe && !(out.*member).empty())
            reader.violation("a SUBSCRIBE has two subscription identifiers");
        if (!reader.failed()) (out.*member).push_back(value);
    }
    void operator()(UserProperties Properties::*member) const {
        const std::string_view name = reader.text();
        const std::string_view value = reader.text();
        userBytes += name.size() + value.size();
        if ((out.*member).size() >= limits.maxUserProperties ||
            userBytes > limits.maxUserPropertyBytes)
            reader.fail(ReasonCode::PacketTooLarge, "too many or too long user properties");
        if (!reader.failed()) (out.*member).emplace_back(name, value);
    }

private:
    template <class Value>
    bool claim(const std::optional<Value>& slot) const noexcept {
        if (slot) reader.violation("a property occurs twice");
        return !reader.failed();
    }
};

/// Appends identifier and value, if there is one.
struct ValueWriter {
    ByteWriter writer;
    const Properties& properties;
    std::uint8_t id;

    template <class Number>
    void operator()(std::optional<Number> Properties::*member) {
        const auto& value = properties.*member;
        if (!value) return;
        writer.u8(id);
        if constexpr (sizeof(Number) == 1) writer.u8(*value);
        if constexpr (sizeof(Number) == 2) writer.u16(*value);
        if constexpr (sizeof(Number) == 4) writer.u32(*value);
    }
    void operator()(std::optional<std::string> Properties::*member) {
        const auto& value = properties.*member;
        if (!value) return;
        writer.u8(id);
        writer.prefixed(*value);
    }
    void operator()(std::vector<std::uint32_t> Properties::*member) {
        for (const std::uint32_t value : properties.*member) {
            writer.u8(id);
            writer.varint(value);
        }
    }
    void operator()(UserProperties Properties::*member) {
        for (const auto& [name, value] : properties.*member) {
            writer.u8(id);
            writer.prefixed(name);
            writer.prefixed(value);
        }
    }
};

void readOne(ByteReader& reader, PacketType type, const DecodeLimits& limits, Properties& out,
             std::size_t& userBytes) {
    const Row* row = findRow(reader.u8());
    if (row == nullptr) return reader.malformed("unknown property");
    if (!row->types.has(type))  // MQTT 5, 2.2.2.2
        return reader.malformed("a property of another packet type");
    std::visit(ValueReader{reader, *row, type, limits, out, userBytes}, row->member);
}

}  // namespace

void readProperties(ByteReader& reader, PacketType type, const DecodeLimits& limits,
                    Properties& out) {
    const std::uint32_t length = reader.varint();
    if (length > reader.left()) return reader.malformed("the properties end after their packet");
    ByteReader section(reader.bytes(length));
    std::size_t userBytes = 0;
    while (!section.atEnd()) readOne(section, type, limits, out, userBytes);
    if (section.failed()) reader.fail(section.code(), section.detail());
}

void appendProperties(const Properties& properties, PacketType type, std::string& out) {
    for (const Row& row : kRows)
        if (row.types.has(type))
            std::visit(ValueWriter{ByteWriter(out), properties, row.id}, row.member);
}

void appendMessageProperties(const Properties& message, std::string& out) {
    for (const std::uint8_t id : kSharedByReceivers)
        std::visit(ValueWriter{ByteWriter(out), message, id}, findRow(id)->member);
}

void appendPropertySection(const Properties& properties, PacketType type, std::string& out) {
    std::string section;
    appendProperties(properties, type, section);
    ByteWriter writer(out);
    writer.varint(section.size());
    writer.raw(section);
}

}  // namespace muster::mqtt
