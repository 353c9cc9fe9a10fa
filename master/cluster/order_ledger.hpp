#pragma once

#include "common/event_loop.hpp"
#include "common/wire/envelope.hpp"

#include <muster/types.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster {

/// How an order stands: Open, or the one way it ended (docs/protocol.md, "Orders").
enum class OrderOutcome { Open, Done, Failed, Refused, Expired, Unknown };
const char* orderOutcomeName(OrderOutcome outcome) noexcept;

/// One durable order, as it stands in the store under order/<id>.
struct Order {
    std::string id;           // UUIDv7: keys are in order of creation
    std::string target;       // id of the member
    std::string incarnation;  // of the member; empty: any
    std::string moduleId;
    JsonText body;
    std::int64_t epoch = 0;  // of the leader who made it
    WallTime created;
    WallTime deadline;
    bool isSent = false;  // set, and stored, before it is sent for the first time
    OrderOutcome outcome = OrderOutcome::Open;
    std::string detail;  // why it did not succeed, at most 1 KiB
    WallTime ended;      // meaningful unless open
    bool operator==(const Order&) const = default;
};

/// As JSON text, and back; BadMessage if it is not what encodeOrder() made.
std::string encodeOrder(const Order& order);
Result<Order> decodeOrder(std::string_view text);

/// Decides about orders: when to store, send, send again and end each of them. Pure: fed with what
/// happened, it returns what to do. Every order has exactly one final outcome.
class OrderLedger {
public:
    static constexpr std::size_t kMaxOpen = 10'000;
    static constexpr std::size_t kMaxEnded = 10'000;         // kept for people
    static constexpr std::size_t kMaxBody = 1 << 20;         // bytes
    static constexpr std::size_t kMaxKeptBody = 4 << 10;     // bytes, of ended orders
    static constexpr std::chrono::seconds kAnswerGrace{30};  // after the deadline, for an answer

    struct Actions {
        std::vector<std::string> store;   // write these orders as they are now, then tell stored()
        std::vector<std::string> send;    // send these now: the store knows that they are sent
        std::vector<std::string> finish;  // these have ended, and the store knows how
        std::vector<std::string> erase;   // remove these from the store
    };

    /// Takes over what an earlier leader left. Call once, before anything else.
    Actions load(std::vector<Order> orders);
    /// A new order; Limit if too many are open, BadMessage if a field is unacceptable.
    Result<Actions> create(Order order);
    /// Order `id` is in the store as it was when it was told to be stored.
    Actions stored(const std::string& id);
    /// Order `id` could not be stored. True if it was new: it is forgotten. Else the caller stores
    /// it again later.
    bool notStored(const std::string& id);
    /// A member registered or came back: what is open for it is sent, with the ids it had. What was
    /// for another incarnation can no longer be carried out and ends.
    Actions present(const std::string& member, const std::string& incarnation, WallTime now);
    void gone(const std::string& member);
    /// The member `from` answered order `id`. Answers of others, and after the end, are ignored.
    Actions answered(std::string_view from, const std::string& id, const wire::Answer& answer,
                     WallTime now);
    /// Ends what has passed its deadline.
    Actions tick(WallTime now);
    /// When tick() has something to do next; no value: nothing is open.
    std::optional<WallTime> nextTick() const;

    /// Null if there is no such order (any more). Valid until the next call.
    const Order* find(const std::string& id) const;
    /// Ids, newest first.
    std::vector<std::string> newest(std::size_t limit) const;
    std::size_t openCount() const { return due_.size(); }

private:
    struct Entry {
        Order order;
        bool isStored = false;   // the store has it, in whatever state
        bool isStoring = false;  // a write of it is under way
        bool isDirty = false;    // it changed since that write began
    };
    void save(Entry& entry, Actions& actions);
    void trySend(Entry& entry, Actions& actions);
    void markSent(Order& order);
    void end(Entry& entry, OrderOutcome outcome, std::string detail, WallTime now,
             Actions& actions);
    void finish(const std::string& id, Actions& actions);
    std::vector<std::string> openFor(const std::string& member) const;

    std::map<std::string, Entry> orders_;                      // by id: in order of creation
    std::set<std::pair<std::string, std::string>> byTarget_;   // target, id of open orders
    std::set<std::pair<WallTime, std::string>> due_;           // of open orders
    std::map<std::string, std::string, std::less<>> present_;  // member to incarnation
    std::deque<std::string> ended_;                            // oldest end first
};

}  // namespace muster
