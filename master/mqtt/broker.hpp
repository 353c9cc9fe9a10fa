#pragma once

#include "master/mqtt/access_control.hpp"
#include "master/mqtt/admission.hpp"
#include "master/mqtt/broker_observer.hpp"
#include "master/mqtt/broker_trace.hpp"
#include "master/mqtt/counters.hpp"
#include "master/mqtt/foreign_protocol.hpp"
#include "master/mqtt/limits.hpp"
#include "master/mqtt/recorder.hpp"
#include "master/mqtt/retained_store.hpp"
#include "master/mqtt/session.hpp"
#include "master/mqtt/subscription_tree.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace muster::mqtt {

class Connection;

/// What a CONNECT asks for, after its identity was found.
struct SessionRequest {
    std::string clientId;  // not empty
    ClientIdentity identity;
    bool cleanStart = true;
    std::uint32_t expirySeconds = 0;
    std::uint16_t receiveMaximum = 65535;
    std::optional<Will> will;
    std::string peer;  // for the observer
};

/// The session, or why there is none.
struct Attachment {
    ReasonCode code = ReasonCode::Success;
    Session* session = nullptr;
    bool sessionPresent = false;
};

/// How a connection left its session.
struct Departure {
    bool publishWill = true;
    std::optional<std::uint32_t> expirySeconds;  // from a DISCONNECT
    std::string_view reason;                     // for the observer
};

/// The MQTT server without its sockets: sessions, subscriptions, retained messages, wills. Pure: it
/// knows the time that enter(), tick() and work() tell it. One thread. Outlives its connections and
/// embedded clients. With a store it keeps persistent sessions and retained messages there, and
/// holds back what promises something (PUBACK, PUBREC, SUBACK, ...) until the store has it.
class Broker final : private StoreObserver {
public:
    /// `seed` makes assigned client ids unguessable across restarts. `observer` may be null.
    Broker(BrokerLimits limits, AccessControl& access, std::string seed,
           BrokerObserver* observer = nullptr);
    ~Broker() override;
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    /// Takes over what `store` has, as it was when the last process ended: wills of connections
    /// that broke with it are published, delays begin now. From then on changes are recorded there.
    /// Before the first connection, at most once; the store outlives the broker.
    Result<void> restore(SessionStore& store, TimePoint now);
    /// Before the first connection.
    void setForeignProtocol(ForeignProtocol protocol) { foreign_ = std::move(protocol); }
    /// `wake` is called when work() is needed soon, once until work() was called.
    void setWaker(std::function<void()> wake) { wake_ = std::move(wake); }

    /// The time of what follows. Never goes back.
    void enter(TimePoint now) noexcept {
        if (now > now_) now_ = now;
    }
    /// Deadlines, wills and expiry; some four times a second.
    void tick(TimePoint now);
    /// Goes on with long searches, a slice for each session.
    void work(TimePoint now);

    // --- for the ends of sessions: Connection and EmbeddedClient -------------------------------
    /// For a clean start: ends the session of that id, if it is this identity's. True if the store
    /// has yet to learn of it; until then a crash would bring back what the client was told is
    /// gone.
    bool discard(std::string_view clientId, const ClientIdentity& identity);
    /// Begins or resumes a session; an older connection of it is sent away (0x8E). Refused with
    /// ClientIdentifierNotValid if the session belongs to another identity name.
    Attachment attach(SessionRequest request, SessionOutlet& outlet);
    /// The outlet is gone. The session may be destroyed by this.
    void detach(Session& session, const Departure& departure);
    /// Success, NoMatchingSubscribers, NotAuthorized, or QuotaExceeded: the retained store is full
    /// (it was delivered nevertheless), or the store cannot be written (it was not). `from` is null
    /// for messages that no session sent.
    ReasonCode publish(const PublishRequest& request, const ClientIdentity& identity,
                       const Session* from);
    /// A `$SYS` topic of the broker itself: no client may publish one.
    void publishSys(const PublishRequest& request) { accept(request, nullptr); }
    /// A granted QoS, or a failure code of MQTT 5. Call pump() after the answer is sent: it brings
    /// the retained messages.
    ReasonCode subscribe(Session& session, const Subscription& wish, std::uint32_t identifier);
    ReasonCode unsubscribe(Session& session, const std::string& filter);
    /// Sends what the session may send now: after acknowledgements, and when output was written.
    void pump(Session& session);
    /// An unused client id.
    std::string assignClientId();
    /// Where a promise stands: see SessionStore. Both 0 without a store.
    StorePosition recorded() const noexcept { return recorder_.recorded(); }
    StorePosition committed() const noexcept { return recorder_.committed(); }
    bool isStoreFailing() const noexcept { return recorder_.isFailing(); }
    /// Whoever causes changes must not read on for now: Connection::mayReadAgain() will be called.
    bool mustWaitForStore() noexcept {
        wasBehind_ = wasBehind_ || recorder_.isBehind();
        return recorder_.isBehind();
    }
    /// While it lives, what is recorded counts as the debt of the session's name. Null: nobody's.
    [[nodiscard]] Recorder::Payer paidBy(const Session* session) noexcept {
        return {recorder_, session != nullptr ? &session->debt() : nullptr};
    }
    /// Who may not have this session yet: its clients are so far ahead of the store that all of the
    /// name wait, or its last connection has input left that waits for the store.
    bool mustComeLater(std::string_view clientId, const ClientIdentity& identity);
    /// Calls `then` when the store moves next. Precondition: something is not committed.
    void whenStoreMoves(std::function<void()> then) { comers_.push_back(std::move(then)); }
    /// Calls `then` when all that is recorded now is committed; at once if it is.
    void whenCommitted(std::function<void()> then);

    /// Whether there is room for one more connection, all in all and from the address of `peer`
    /// ("address:port"); if not, it was counted.
    bool admits(std::string_view peer);
    Admission& admission() noexcept { return admission_; }
    /// Closes the connection that has been longest without a session, if there are too many.
    void boundHalfOpen();
    /// A valid topic name with no more levels than are allowed; else, if too deep, it was counted.
    bool takesTopic(std::string_view topic);

    void add(Connection& connection) { connections_.insert(&connection); }
    void remove(Connection& connection) {
        connections_.erase(&connection);
        holding_.erase(&connection);
    }
    /// It waits for the store: its storeMoved() is to be called.
    void holds(Connection& connection) { holding_.insert(&connection); }

    // --- for operators -------------------------------------------------------------------------
    /// Takes the rights of identities away: ends their sessions and connections, without their
    /// wills, and shows their retained messages to nobody any more. How many sessions.
    std::size_t revoke(const std::function<bool(const ClientIdentity&)>& isRevoked,
                       ReasonCode code);
    /// The same of one identity.
    std::size_t disconnectIdentity(std::string_view name, ReasonCode code) {
        return revoke([&](const ClientIdentity& one) { return one.name == name; }, code);
    }
    /// Sends one client away (0x98); its will is published, its session stays if it outlives
    /// connections. False: it is not connected.
    bool disconnectClient(const std::string& clientId);
    /// For those who look: see LiveBrokerView. Sorted, so that a list can go on where it stopped.
    using Sessions = std::map<std::string_view, std::unique_ptr<Session>>;
    const Sessions& sessions() const noexcept { return sessions_; }
    const RetainedStore& retained() const noexcept { return retained_; }
    BrokerTrace& trace() noexcept { return trace_; }
    /// Tells the traces, if there are any.
    void note(const TraceEvent& event) {
        if (trace_.isOn()) trace_.note(event, now_);
    }
    /// Sends every connection away with ServerShuttingDown; wills are published.
    void shutDown();

    const BrokerLimits& limits() const noexcept { return limits_; }
    const ForeignProtocol& foreign() const noexcept { return foreign_; }
    AccessControl& access() noexcept { return access_; }
    BrokerObserver* observer() noexcept { return observer_; }
    BrokerCounters& counters() noexcept { return counters_; }
    BrokerGauges gauges() const;
    TimePoint now() const noexcept { return now_; }

private:
    /// One receiver of the message being routed.
    struct Target {
        Session* session = nullptr;
        std::uint8_t qos = 0;
        bool retainAsPublished = false;
        std::vector<std::uint32_t> identifiers;
        SharedGroup* group = nullptr;  // of the shared subscription that chose it
    };

    class Restorer;
    /// What one name has of the broker, so that it cannot have all.
    struct Share {
        std::size_t sessions = 0;
        ByteBudget queued;
        ByteBudget subscribed;
        StoreDebt debt;
    };
    struct Waiting {
        StorePosition position = 0;
        std::function<void()> then;
    };

    void storeMoved(TimePoint now) override;
    void releaseHeld();
    void recordSession(Session& session);
    void redeal(Session& session, bool isEnding);
    bool mayTake(const SharedGroup& group, const Session& but, bool isEnding) const;

    /// About what a subscription takes in memory, in its session and in the tree.
    static std::size_t costOf(std::string_view filter) { return 512 + 3 * filter.size(); }
    Share& shareOf(const Session& session) { return shares_.at(session.identity().name); }
    bool isTooDeep(std::string_view topic);
    Session* find(std::string_view clientId);
    bool hasTooManySessions(const std::string& name) const;
    Session& addSession(std::string clientId, ClientIdentity identity);
    void eraseSession(const Session& session);
    bool canKeep(const SessionRequest& request, const Session* known) const;
    ReasonCode prepare(const SessionRequest& request);
    void takeOver(Session& session);
    void publishWill(Session& session);
    void publishWill(const Will& will, const ClientIdentity& identity, const Session* from);
    void endSession(Session& session);
    void schedule(Session& session);
    void runDue();
    bool hasRoomFor(const Session& session, const std::string& filter);
    void countFilter(Session& session, const std::string& filter);
    void sweepQueues();
    void sweepShares();

    ReasonCode accept(const PublishRequest& request, const Session* from,
                      PublisherPtr publisher = nullptr);
    PublisherPtr publisherOf(const ClientIdentity& identity);
    bool keepRetained(Routing& routing);
    void collectTargets(Routing& routing, const Session* from);
    bool needsStore(const Routing& routing) const;
    std::size_t deliverToTargets(Routing& routing);
    void addTarget(const Subscriber& subscriber);
    const Subscriber* choose(SharedGroup& group, std::string_view topic) const;
    bool deliver(Routing& routing, const Target& target);
    bool deliverTo(Session& session, Routing& routing, const DeliveryForm& form,
                   SharedGroup* group = nullptr);
    void noteDelivery(const char* what, const Session& session, const Routing& routing, int qos,
                      std::string_view detail);
    void noteDropped(Session& session, std::string_view why);

    bool queueRetained(Session& session, const TopicFilter& filter, const Subscription& wish,
                       const SubscriptionOptions& options, bool isNew);
    bool sendRetained(Session& session, PendingRetained& pending);
    void sendOneRetained(Session& session, const MessagePtr& message,
                         const SubscriptionOptions& options);
    void wantWork(Session& session);
    bool mustSparePending(Session& session);

    BrokerLimits limits_;
    AccessControl& access_;
    std::string seed_;
    BrokerObserver* observer_;
    ForeignProtocol foreign_;
    std::function<void()> wake_;
    TimePoint now_{};
    BrokerCounters counters_;
    BrokerTrace trace_;
    std::size_t connectedClients_ = 0;
    ByteBudget budget_;  // of what is queued and in flight
    ByteBudget subscribed_;
    Recorder recorder_;
    SessionStore* store_ = nullptr;
    RetainedStore retained_;
    SubscriptionTree tree_;
    std::unordered_map<std::string, Share> shares_;  // by name; each outlives its sessions and debt
    std::unordered_set<std::string> unused_;  // names in shares_ that lost their last session
    Sessions sessions_;                       // by its client id
    std::unordered_map<std::string, PublisherPtr> publishers_;  // of retained messages, by name
    std::size_t publishersSweptAt_ = 10'000;  // when so many are known, who has none left goes
    std::string queuesSweptUpTo_;             // a client id
    std::set<std::pair<TimePoint, Session*>> due_;  // wills and ends of sessions
    std::unordered_set<Connection*> connections_;
    Admission admission_;
    std::unordered_set<Connection*> holding_;  // those who wait for the store
    std::unordered_set<Session*> awaiting_;    // those whose next message waits for the store
    Fifo<Waiting> waiting_;
    std::vector<std::function<void()>> comers_;  // who asks again when the store moves
    std::size_t turn_ = 0;                       // who of holding_ comes first
    bool wasBehind_ = false;
    std::unordered_set<Session*> backlog_;  // sessions with a search to go on with
    std::uint64_t assigned_ = 0;
    std::uint64_t routeMark_ = 0;
    SubscriptionMatches matches_;  // scratch of route()
    std::vector<Target> targets_;  // scratch of route(); the first targetCount_ are in use
    std::size_t targetCount_ = 0;
};

}  // namespace muster::mqtt
