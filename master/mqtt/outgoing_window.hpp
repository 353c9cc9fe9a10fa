#pragma once

#include "master/mqtt/fifo.hpp"
#include "master/mqtt/recorder.hpp"
#include "master/mqtt/routed_message.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace muster::mqtt {

/// What few deliveries have.
struct DeliveryExtras {
    std::vector<std::uint32_t> subscriptionIds;
    std::shared_ptr<SharedGroup> group;  // of the shared subscription it was dealt to
};

/// One message for one session.
struct Delivery {
    MessagePtr message;
    std::uint8_t qos = 0;
    bool retain = false;
    bool mayBeKnown = false;   // an earlier process may have sent it
    std::uint64_t number = 0;  // given by its session, in order; it decides the packet id
    StorePosition after = 0;   // to be sent once that much is committed
    KeptMessagePtr kept;       // null: not in the store
    std::unique_ptr<DeliveryExtras> extras;

    std::span<const std::uint32_t> subscriptionIds() const noexcept {
        if (extras == nullptr) return {};
        return extras->subscriptionIds;
    }
    SharedGroup* group() const noexcept { return extras ? extras->group.get() : nullptr; }
};

/// A message that was given a packet id and is not finished.
struct InFlight {
    enum class State : std::uint8_t { AwaitsPuback, AwaitsPubrec, AwaitsPubcomp, Finished };
    Delivery delivery;  // without message once it was received (PUBREC)
    std::uint16_t packetId = 0;
    State state = State::AwaitsPuback;
    bool isSent = false;  // on the present connection
};

/// A session's unfinished QoS 1 and 2 messages in the order of sending. A delivery's number is its
/// place and its packet id, so that nothing is searched, and that the id is the same after a
/// restart. At most 65535 numbers lie between the oldest unfinished message and the newest.
class OutgoingWindow {
public:
    /// Unfinished messages.
    std::size_t size() const noexcept { return unfinished_; }
    bool hasRoomFor(std::uint64_t number) const noexcept {
        return entries_.empty() || number - first_ < kIds;
    }
    /// Precondition: there is room for its number, which is above all before. The reference is good
    /// until the next add or finish.
    InFlight& add(Delivery&& delivery);
    /// Null if no unfinished message has that id.
    InFlight* find(std::uint16_t packetId);
    void finish(InFlight& entry);
    /// Running number of the entry at index 0.
    std::uint64_t first() const noexcept { return first_; }
    /// All entries in order, finished ones among them: indices [0, length()).
    std::size_t length() const noexcept { return entries_.size(); }
    InFlight& at(std::size_t index) { return entries_[index]; }

private:
    static constexpr std::size_t kIds = 65535;
    Fifo<InFlight> entries_;
    std::uint64_t first_ = 0;  // running number of entries_[0]
    std::size_t unfinished_ = 0;
};

}  // namespace muster::mqtt
