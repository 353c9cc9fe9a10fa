#pragma once

#include <muster/result.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::mqtt {

/// What a client wants to be subscribed to, and what must be sent for it. Pure. Subscribes and
/// unsubscribes are never in flight together: Paho C 1.3.12 mixes them up (#1334).
class SubscriptionList {
public:
    using Done = std::function<void(Result<void>)>;

    struct Command {
        std::uint64_t id;
        bool isSubscribe;
        std::string filter;
        int qos;
    };

    static constexpr std::size_t kMaxFilters = 1000;

    /// Limit when the list is full. `done` is kept until the broker's answer.
    Result<void> add(std::string filter, int qos, Done done);
    void remove(const std::string& filter);

    /// A connection begins: everything is to be sent again. `id`s are taken from `nextId`.
    void connected();
    void lost();
    /// What may be sent now; each is answered by `answered` once, or all by lost().
    std::optional<Command> next(std::uint64_t id);
    /// False if `id` is not of this list. Calls what waits for it. `code`: reason code, or below 0
    /// for none, which leaves the subscription to the next connection.
    bool answered(std::uint64_t id, int code);

private:
    struct Entry {
        int qos = 0;
        bool wasGranted = false;
        std::vector<Done> waiting;
    };
    struct Wish {
        bool isSubscribe;
        std::string filter;
    };

    void finish(const std::string& filter, int code);

    std::map<std::string, Entry> entries_;
    std::deque<Wish> wishes_;  // in order; filled only while connected
    std::map<std::uint64_t, Wish> inFlight_;
    bool isConnected_ = false;
};

}  // namespace muster::mqtt
