#pragma once

#include "master/mqtt/fifo.hpp"
#include "master/mqtt/routed_message.hpp"

#include <cstdint>
#include <vector>

namespace muster::mqtt {

/// One message for one session, not yet sent.
struct Delivery {
    MessagePtr message;
    std::uint8_t qos = 0;
    bool retain = false;
    std::vector<std::uint32_t> subscriptionIds;
};

/// A message that was given a packet id and is not finished.
struct InFlight {
    enum class State : std::uint8_t { AwaitsPuback, AwaitsPubrec, AwaitsPubcomp, Finished };
    Delivery delivery;  // without message once it was received (PUBREC)
    std::uint16_t packetId = 0;
    State state = State::AwaitsPuback;
    bool isSent = false;  // on the present connection
};

/// A session's unfinished QoS 1 and 2 messages in the order of sending. Packet ids are given in
/// turn, so that an id is its place: nothing is searched. At most 65535 lie between the oldest
/// unfinished message and the newest.
class OutgoingWindow {
public:
    /// Unfinished messages.
    std::size_t size() const noexcept { return unfinished_; }
    bool isFull() const noexcept { return entries_.size() >= kIds; }
    /// Precondition: not full. The reference is good until the next add or finish.
    InFlight& add(Delivery delivery);
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
