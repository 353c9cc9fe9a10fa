// What is in the tables, as the broker wants it.
#include "master/mqtt/byte_reader.hpp"
#include "master/mqtt/properties.hpp"
#include "master/session_store/session_file.hpp"

#include <cstring>
#include <unordered_map>

namespace muster::mqtt {
namespace {

using Step = sqlite::Statement::Step;

std::uint64_t key(const sqlite::Statement& row, int column) {
    return static_cast<std::uint64_t>(row.integer(column));
}

std::uint8_t small(const sqlite::Statement& row, int column) {
    return static_cast<std::uint8_t>(row.integer(column));
}

// They were checked when they came; a file that was tampered with gives none instead of bad ones.
Properties propertiesAt(const sqlite::Statement& row, int column, PacketType type) {
    Properties properties;
    ByteReader reader(row.view(column));
    DecodeLimits limits;
    limits.maxUserProperties = SIZE_MAX;
    limits.maxUserPropertyBytes = SIZE_MAX;
    readProperties(reader, type, limits, properties);
    return reader.failed() ? Properties{} : properties;
}

std::vector<std::uint32_t> identifiersAt(const sqlite::Statement& row, int column) {
    const std::string_view bytes = row.view(column);
    std::vector<std::uint32_t> values(bytes.size() / sizeof(std::uint32_t));
    if (!values.empty())
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(std::uint32_t));
    return values;
}

}  // namespace

// Topic, payload, qos, properties, expiry from `column` on.
std::shared_ptr<RoutedMessage> SessionFile::messageAt(const sqlite::Statement& row,
                                                      int column) const {
    auto message = std::make_shared<RoutedMessage>();
    message->topic = row.view(column);
    message->payload = row.view(column + 1);
    message->qos = small(row, column + 2);
    if (!row.isNull(column + 3))
        message->properties =
            std::make_shared<const Properties>(propertiesAt(row, column + 3, PacketType::Publish));
    if (!row.isNull(column + 4)) message->expires = clock_.fromUnix(row.integer(column + 4));
    return message;
}

bool SessionFile::loadSessions(StoreReader& reader) {
    auto rows = database_.prepare(
        "SELECT key, client, name, role, grp, expiry, connected, ends, sent, will_topic, "
        "will_payload, will_qos, will_retain, will_properties, will_due FROM session");
    Step step = rows.step();
    for (; step == Step::Row; step = rows.step()) {
        SessionRow row;
        row.key = key(rows, 0);
        row.clientId = rows.view(1);
        row.identity.name = rows.view(2);
        row.identity.role = static_cast<int>(rows.integer(3));
        row.identity.group = rows.view(4);
        row.expirySeconds = static_cast<std::uint32_t>(rows.integer(5));
        row.isConnected = rows.integer(6) != 0;
        if (!rows.isNull(7)) row.endsAt = clock_.fromUnix(rows.integer(7));
        row.sentUpTo = key(rows, 8);
        if (!rows.isNull(9))
            row.will = Will{std::string(rows.view(9)), std::string(rows.view(10)), small(rows, 11),
                            rows.integer(12) != 0, propertiesAt(rows, 13, PacketType::Will)};
        if (!rows.isNull(14)) row.willDue = clock_.fromUnix(rows.integer(14));
        reader.session(std::move(row));
    }
    return step == Step::Done;
}

bool SessionFile::loadSubscriptions(StoreReader& reader) {
    auto rows = database_.prepare(
        "SELECT session, filter, qos, no_local, as_published, identifier FROM subscription");
    Step step = rows.step();
    for (; step == Step::Row; step = rows.step()) {
        const SubscriptionOptions options{small(rows, 2), rows.integer(3) != 0,
                                          rows.integer(4) != 0,
                                          static_cast<std::uint32_t>(rows.integer(5))};
        reader.subscription({key(rows, 0), std::string(rows.view(1)), options});
    }
    return step == Step::Done;
}

bool SessionFile::loadDeliveries(StoreReader& reader) {
    auto rows = database_.prepare(
        "SELECT d.session, d.number, d.message, d.qos, d.retain, d.identifiers, d.shared, "
        "m.topic, m.payload, m.qos, m.properties, m.expires FROM delivery d "
        "LEFT JOIN message m ON m.key = d.message ORDER BY d.session, d.number");
    std::unordered_map<std::uint64_t, MessagePtr> shared;  // one message may be for many
    Step step = rows.step();
    for (; step == Step::Row; step = rows.step()) {
        DeliveryRow row;
        row.session = key(rows, 0);
        row.number = key(rows, 1);
        row.message = key(rows, 2);
        row.qos = small(rows, 3);
        row.retain = rows.integer(4) != 0;
        row.subscriptionIds = identifiersAt(rows, 5);
        row.sharedFilter = rows.view(6);
        MessagePtr content;
        if (!rows.isNull(2)) {
            if (rows.isNull(7)) continue;  // tampered with: its message is not there
            MessagePtr& known = shared[row.message];
            if (known == nullptr) known = messageAt(rows, 7);
            content = known;
        }
        reader.delivery(std::move(row), std::move(content));
    }
    return step == Step::Done;
}

bool SessionFile::loadUnreleased(StoreReader& reader) {
    auto rows = database_.prepare("SELECT session, packet FROM unreleased");
    Step step = rows.step();
    for (; step == Step::Row; step = rows.step())
        reader.unreleased(key(rows, 0), static_cast<std::uint16_t>(rows.integer(1)));
    return step == Step::Done;
}

bool SessionFile::loadRetained(StoreReader& reader) {
    auto rows = database_.prepare(
        "SELECT topic, payload, qos, properties, expires, name, role, grp FROM retained "
        "ORDER BY topic");
    Step step = rows.step();
    for (; step == Step::Row; step = rows.step()) {
        auto message = messageAt(rows, 0);
        message->retain = true;
        ClientIdentity by{std::string(rows.view(5)), static_cast<int>(rows.integer(6)),
                          std::string(rows.view(7))};
        reader.retained(std::move(message), std::move(by));
    }
    return step == Step::Done;
}

}  // namespace muster::mqtt
