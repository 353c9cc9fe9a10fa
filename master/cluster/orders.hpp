#pragma once

#include "master/cluster/leadership.hpp"
#include "master/cluster/order_ledger.hpp"

#include <memory>
#include <set>

namespace muster {

/// Puts an order on the wire: to/monitor/<target>, as docs/protocol.md says.
class OrderSender {
public:
    virtual ~OrderSender() = default;
    /// `tag` carries the current epoch. What is lost on the way is sent again when the member
    /// returns, so nothing is reported.
    virtual void send(const std::string& target, const std::string& moduleId, const JsonText& body,
                      const wire::OrderTag& tag) = 0;
};

/// What became of an order.
struct OrderResult {
    std::string id;  // empty: it never came to be
    OrderOutcome outcome = OrderOutcome::Failed;
    std::optional<Error> error;  // set unless Done
    JsonText body;               // of the answer
};

struct OrderRequest {
    std::string target;  // id of a member, there or not
    std::string moduleId;
    JsonText body;
    std::chrono::milliseconds deadline{60'000};  // from now
    std::string incarnation;                     // empty: whichever comes
};

/// Durable orders: written before they are sent, sent when the member is there, ended in exactly
/// one way, and listed for ever after. On the loop's thread; sender and leadership outlive it.
class Orders {
public:
    using Done = std::function<void(const OrderResult&)>;
    static constexpr const char* kPrefix = "order/";

    Orders(EventLoop& loop, Leadership& leadership, OrderSender& sender);
    ~Orders();
    Orders(const Orders&) = delete;
    Orders& operator=(const Orders&) = delete;

    /// Takes over the open orders of earlier leaders. Call once, when leadership is won.
    void start();
    /// `done` is called once, after the outcome is in the store; not if this object goes or the
    /// leadership is lost first: then the next leader ends the order.
    void order(OrderRequest request, Done done);
    /// A member registered or came back: not for each change of its presence.
    void memberPresent(const std::string& id, const std::string& incarnation);
    void memberGone(const std::string& id);
    /// An answer with an order's id as correlation data came from the member `from`.
    void answered(const std::string& from, const std::string& orderId, const wire::Answer& answer);
    /// Whether `id` is an order that has not ended.
    bool isOpen(const std::string& id) const;
    std::size_t openCount() const { return ledger_.openCount(); }
    /// Called for each order that ended, those of earlier leaders too.
    void onEnded(std::function<void(const Order&)> listener) { onEnded_ = std::move(listener); }
    /// Newest first, at most 10 000.
    std::vector<Order> list(std::size_t limit) const;

private:
    struct Waiting {
        Done done;
        std::optional<Error> error;
        JsonText body;
    };
    void act(const OrderLedger::Actions& actions);
    void store(const std::string& id);
    void stored(const std::string& id, const Result<std::int64_t>& result);
    void send(const std::string& id);
    void finish(const std::string& id);
    void erase(const std::vector<std::string>& ids);
    void arm();
    void tick();

    EventLoop& loop_;
    Leadership& leadership_;
    OrderSender& sender_;
    OrderLedger ledger_;
    std::map<std::string, Waiting> waiting_;
    std::set<std::string> toRetry_;  // could not be written yet
    std::function<void(const Order&)> onEnded_;
    TimerId timer_ = 0;
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with callbacks
};

}  // namespace muster
