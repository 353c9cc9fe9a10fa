#pragma once

#include <muster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace muster {

/// Notifies on their way to the master: waiting, or sent and not yet acknowledged. Keeps their
/// order; at its bound the oldest that waits is dropped and counted. Pure; its owner locks.
class NotifyQueue {
public:
    struct Item {
        std::uint64_t number = 0;
        std::string moduleId;
        JsonText body;
    };

    /// `limit`: how many are kept, at least 1. `window`: how many are sent unacknowledged.
    explicit NotifyQueue(std::size_t limit, std::size_t window = 100);

    /// True if an older one had to go for it.
    bool push(std::string moduleId, JsonText body);
    /// The next to send, now counted as sent; no value: nothing waits or the window is full.
    std::optional<Item> next();
    void acknowledged(std::uint64_t number);
    /// It did not get there: it waits again, at its old place.
    void returned(std::uint64_t number);

    std::size_t size() const { return items_.size(); }
    std::uint64_t dropped() const { return dropped_; }

private:
    struct Entry {
        Item item;
        bool isSent = false;
    };
    std::size_t limit_;
    std::size_t window_;
    std::uint64_t last_ = 0;
    std::uint64_t firstWaiting_ = 1;  // no older entry waits
    std::size_t sent_ = 0;
    std::uint64_t dropped_ = 0;
    std::map<std::uint64_t, Entry> items_;
};

}  // namespace muster
