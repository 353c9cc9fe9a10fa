#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/access_control.hpp"
#include "master/mqtt/routed_message.hpp"
#include "master/mqtt/subscription_tree.hpp"

#include <muster/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::mqtt {

/// How many changes were given to a store before and with this one; 0: none.
using StorePosition = std::uint64_t;

/// What is kept of a session beside its lists. `key` is the broker's name for it, not 0.
struct SessionRow {
    std::uint64_t key = 0;
    std::string clientId;
    ClientIdentity identity;
    std::uint32_t expirySeconds = 0;  // 0: nothing is kept but its will
    bool isConnected = true;
    std::optional<TimePoint> endsAt;  // of one that is away and does not last for ever
    std::uint64_t sentUpTo = 0;       // deliveries below were sent; says nothing while connected
    std::optional<Will> will;
    std::optional<TimePoint> willDue;
};

/// A message for a session that did not acknowledge it yet. `number` gives its packet id and order.
struct DeliveryRow {
    std::uint64_t session = 0;
    std::uint64_t number = 0;
    std::uint64_t message = 0;
    std::uint8_t qos = 1;
    bool retain = false;
    std::vector<std::uint32_t> subscriptionIds;
    std::string sharedFilter;  // `$share/...` of the subscription it was dealt to; empty: none
};

/// Every change that a store is told, in order. Rows replace those of the same key.
namespace change {

struct PutSession {
    std::unique_ptr<SessionRow> row;
};
struct EraseSession {  // and everything of it
    std::uint64_t session = 0;
};
struct PutSubscription {
    std::uint64_t session = 0;
    std::string filter;  // as the client wrote it
    SubscriptionOptions options;
};
struct EraseSubscription {
    std::uint64_t session = 0;
    std::string filter;
};
struct PutMessage {
    std::uint64_t message = 0;
    MessagePtr content;
};
struct EraseMessage {
    std::uint64_t message = 0;
};
struct PutDelivery {
    std::unique_ptr<DeliveryRow> row;
};
/// QoS 2: PUBREC came; what is left to do is PUBREL.
struct MarkReceived {
    std::uint64_t session = 0;
    std::uint64_t number = 0;
};
struct EraseDelivery {
    std::uint64_t session = 0;
    std::uint64_t number = 0;
};
/// A QoS 2 packet id that the client did not release yet.
struct PutUnreleased {
    std::uint64_t session = 0;
    std::uint16_t packetId = 0;
};
struct EraseUnreleased {
    std::uint64_t session = 0;
    std::uint16_t packetId = 0;
};
struct PutRetained {
    MessagePtr content;
};
struct EraseRetained {
    std::string topic;
};

}  // namespace change

using StoreChange =
    std::variant<change::PutSession, change::EraseSession, change::PutSubscription,
                 change::EraseSubscription, change::PutMessage, change::EraseMessage,
                 change::PutDelivery, change::MarkReceived, change::EraseDelivery,
                 change::PutUnreleased, change::EraseUnreleased, change::PutRetained,
                 change::EraseRetained>;

/// About what it takes in memory and in a store's file.
std::size_t bytesOf(const StoreChange& change);

/// Takes what a store has kept, each session before what belongs to it.
class StoreReader {
public:
    virtual ~StoreReader() = default;
    virtual void session(SessionRow row) = 0;
    virtual void subscription(change::PutSubscription row) = 0;
    /// In order of session and number. `content` is null for one whose PUBREC came.
    virtual void delivery(DeliveryRow row, MessagePtr content) = 0;
    virtual void unreleased(std::uint64_t session, std::uint16_t packetId) = 0;
    /// In order of topic, byte by byte. Its publisher is `by`.
    virtual void retained(std::shared_ptr<RoutedMessage> content, ClientIdentity by) = 0;
};

/// Told by a store, on the broker's thread, never from within record().
class StoreObserver {
public:
    virtual ~StoreObserver() = default;
    /// committed() rose, or isBehind() or isFailing() changed.
    virtual void storeMoved(TimePoint now) = 0;
};

/// Where a broker keeps what has to survive its process. It records changes and goes on; answers
/// that promise something wait until committed() reaches the position that recorded() had. On the
/// broker's thread; outlives the broker.
class SessionStore {
public:
    virtual ~SessionStore() = default;
    /// Gives everything that is kept to `reader`. Once, before the first record(). Failed: what is
    /// damaged, and what to do about it.
    virtual Result<void> load(StoreReader& reader) = 0;
    /// Null: nobody any more.
    virtual void setObserver(StoreObserver* observer) = 0;
    virtual void record(StoreChange change) = 0;
    virtual StorePosition recorded() const noexcept = 0;
    virtual StorePosition committed() const noexcept = 0;
    /// The last group could not be written and is tried again and again, e.g. while the disk is
    /// full. What would add to the store had better be refused.
    virtual bool isFailing() const noexcept = 0;
    /// So much is not written yet that whoever causes it had better wait. Never while failing.
    virtual bool isBehind() const noexcept = 0;
    /// It is failing, and so much waits that what can be refused had better be.
    virtual bool isFull() const noexcept = 0;
};

}  // namespace muster::mqtt
