#pragma once

#include "master/mqtt/access_control.hpp"
#include "master/mqtt/limits.hpp"
#include "master/mqtt/outgoing_window.hpp"
#include "master/mqtt/subscription_tree.hpp"

#include <functional>
#include <map>
#include <string>
#include <unordered_set>

namespace muster::mqtt {

/// What is known of a live end.
struct OutletFacts {
    std::string peer;           // address and port; "in process"
    const char* protocol = "";  // "3.1", "3.1.1", "5.0"; empty: none
    std::uint16_t keepAlive = 0;
    std::size_t outputBytes = 0;
    TimePoint since{};
};

/// The live end of a session: a Connection, or the client inside the process. It outlives its being
/// attached. None of these calls may come back into the session at once.
class SessionOutlet {
public:
    virtual ~SessionOutlet() = default;
    /// QoS 1 or 2. False if it is larger than the client takes; then it counts as delivered.
    virtual bool send(const Delivery& delivery, const DeliveryForm& form) = 0;
    /// False if it was dropped: no room, or larger than the client takes.
    virtual bool sendQos0(Routing& routing, const DeliveryForm& form) = 0;
    virtual void sendPubrel(std::uint16_t packetId) = 0;
    /// False while so much is unsent that queues had better wait.
    virtual bool hasRoom() const = 0;
    virtual OutletFacts facts() const = 0;
    /// Some of what it got is left until the store has what came before: an end that came behind it
    /// must wait.
    virtual bool hasInputLeft() const noexcept { return false; }
    /// The session was detached from this outlet; it must say goodbye.
    virtual void detached(ReasonCode code, std::string_view why) = 0;
};

/// Bytes that one name, or all together, may take of something: of what is queued and in flight, of
/// subscriptions.
struct ByteBudget {
    std::size_t used = 0;
    std::size_t limit = 0;
    ByteBudget* total = nullptr;  // of all, if this is one name's; outlives it

    bool hasRoomFor(std::size_t bytes) const noexcept {
        return used + bytes <= limit && (total == nullptr || total->hasRoomFor(bytes));
    }
    void take(std::size_t bytes) noexcept {
        used += bytes;
        if (total != nullptr) total->take(bytes);
    }
    void give(std::size_t bytes) noexcept {
        used -= bytes;
        if (total != nullptr) total->give(bytes);
    }
};

/// A retained search that goes on where it stopped, a slice at a time.
struct PendingRetained {
    TopicFilter filter;
    SubscriptionOptions options;
    std::string after;  // topic that was looked at last
};

/// What the broker remembers of a client, connected or not: subscriptions, unfinished exchanges of
/// both directions, queued messages. Pure: it sends through its outlet and never reads a clock.
class Session {
public:
    Session(std::string clientId, ClientIdentity identity, const BrokerLimits& limits,
            ByteBudget& budget, Recorder& recorder, StoreDebt& debt);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const std::string& clientId() const noexcept { return clientId_; }
    const ClientIdentity& identity() const noexcept { return identity_; }
    SessionOutlet* outlet() const noexcept { return outlet_; }
    bool isConnected() const noexcept { return outlet_ != nullptr; }

    /// Its name in the store; 0: it is not there. Kept: all of it is, not only its will.
    std::uint64_t key() const noexcept { return key_; }
    bool isKept() const noexcept { return key_ != 0 && expirySeconds != 0; }
    /// From now on it is recorded under `key`, or, with 0, not any more.
    void setKey(std::uint64_t key) noexcept { key_ = key; }
    /// Its name's: what it has recorded counts there.
    StoreDebt& debt() const noexcept { return debt_; }
    /// As the store is to know it.
    SessionRow row() const;
    /// A delivery from the store, in order of number. `isReceived`: its PUBREC came.
    void restore(Delivery delivery, bool isReceived);

    /// Begins a connection's life. `receiveMaximum` is the client's; nothing is sent before pump().
    void attach(SessionOutlet& outlet, ClientIdentity identity, std::uint16_t receiveMaximum);
    void detach() noexcept { outlet_ = nullptr; }

    /// Whether deliver() would take it; numbers it as the next one.
    bool hasRoomFor(Delivery& delivery) const;
    /// QoS 1 or 2: sends at once or queues. False if it was dropped at a bound.
    bool deliver(Delivery&& delivery);
    /// Whether what is next waits until the store has it: QoS 2, which is never sent twice.
    bool waitsForStore() const noexcept {
        return !queue_.empty() && queue_[0].after > recorder_.committed();
    }
    /// Takes out what a shared subscription dealt to this session and others could still be given:
    /// what was not sent, and QoS 1 without PUBACK (MQTT 5, 4.8.2). Those for which `mayGo` holds.
    std::vector<Delivery> takeShared(const std::function<bool(SharedGroup&)>& mayGo);
    /// Sends what may be sent: first what an earlier connection left unfinished, then the queue.
    /// Returns how many expired messages it dropped.
    std::size_t pump(TimePoint now);
    /// Removes queued messages for which `unwanted` holds, but for exchanges of QoS 2 that an
    /// earlier process may have begun; how many.
    std::size_t dropQueued(const std::function<bool(const RoutedMessage&)>& unwanted);
    std::size_t queuedMessages() const noexcept { return queue_.size(); }
    std::size_t queuedBytes() const noexcept { return queuedBytes_; }
    std::size_t inFlight() const noexcept { return sentInFlight_ + unsentInFlight_; }
    bool isQueueHalfFull() const noexcept {
        return queue_.size() * 2 >= limits_.maxQueuedMessages ||
               queuedBytes_ * 2 >= limits_.maxQueuedBytes;
    }

    /// What an acknowledgement meant: a step of its exchange (after PUBREC: PUBREL is due), its
    /// end, no exchange that is known, or one in which it has no place (MQTT 5, 4.3.2, 4.3.3).
    enum class AckMeaning { Step, End, Unknown, Misplaced };
    AckMeaning onPuback(std::uint16_t packetId);
    AckMeaning onPubrec(std::uint16_t packetId, ReasonCode code);
    AckMeaning onPubcomp(std::uint16_t packetId);

    enum class Qos2Arrival { New, Duplicate, TooMany };
    /// A QoS 2 PUBLISH came in. `maximum`: unreleased ones that are allowed.
    Qos2Arrival receiveQos2(std::uint16_t packetId, std::size_t maximum);
    bool isUnreleased(std::uint16_t packetId) const { return unreleased_.contains(packetId); }
    /// PUBREL, or a PUBREC that refuses: the id is new again. False if it was not in use.
    bool releaseQos2(std::uint16_t packetId);
    /// From the store.
    void restoreUnreleased(std::uint16_t packetId) { unreleased_.insert(packetId); }

    /// By the text of the filter as the client wrote it; in order, so that a list can go on.
    struct Granted {
        TopicFilter filter;
        SubscriptionOptions options;
    };
    std::map<std::string, Granted, std::less<>> subscriptions;
    std::size_t filterBytes = 0;  // of all of them
    Fifo<std::unique_ptr<PendingRetained>> pendingRetained;

    /// How and when the session ends; the broker's business.
    std::uint32_t expirySeconds = 0;
    std::unique_ptr<Will> will;  // apart: it is large, and most sessions have none
    std::optional<TimePoint> willDue;
    std::optional<TimePoint> endsAt;
    std::optional<TimePoint> scheduledFor;  // its place in the broker's calendar
    /// The router's mark of the message it last put this session down for, and where.
    std::uint64_t routeMark = 0;
    std::size_t routeIndex = 0;
    std::optional<TimePoint> dropToldAt;  // when the observer last heard of messages it lost

private:
    bool maySend(const Delivery& delivery, std::size_t newBytes) const noexcept;
    void number(Delivery& delivery);
    std::uint64_t firstUnsent() const;
    void recordErased(std::uint64_t number);
    void sendNew(Delivery&& delivery);
    void sendAgain(InFlight& entry);
    void resendOne();
    void end(InFlight& entry);
    void finish(InFlight& entry);
    InFlight& takeOff(Delivery&& delivery);
    void land(const Delivery& delivery) noexcept;
    Delivery unqueue();

    std::string clientId_;
    ClientIdentity identity_;
    const BrokerLimits& limits_;
    ByteBudget& budget_;
    Recorder& recorder_;
    StoreDebt& debt_;
    std::uint64_t key_ = 0;
    std::uint64_t nextNumber_ = 0;
    SessionOutlet* outlet_ = nullptr;
    std::size_t quota_ = 0;           // messages in flight that the client allows
    std::size_t sentInFlight_ = 0;    // of this connection
    std::size_t unsentInFlight_ = 0;  // of earlier connections, still to be sent again
    std::uint64_t resendNext_ = 0;    // running number of the next to be sent again
    OutgoingWindow window_;
    Fifo<Delivery> queue_;
    std::size_t queuedBytes_ = 0;
    std::size_t inFlightBytes_ = 0;  // that much again: not acknowledged
    std::unordered_set<std::uint16_t> unreleased_;
};

}  // namespace muster::mqtt
