#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"
#include "common/wire/topics.hpp"
#include "master/cluster/state_store.hpp"

#include <memory>
#include <set>
#include <string>

namespace muster {

/// Keeps the retained topics state/# as the store is: publishes what changes, everything again
/// after each connect (a broker may come back empty or with an old copy), and clears what the store
/// does not know. The leader owns one; all on the loop's thread; loop, store and client outlive it,
/// and the client's observer forwards to it.
class StateMirror {
public:
    static constexpr std::size_t kMaxInFlight = 256;   // unacknowledged publishes
    static constexpr std::chrono::seconds kSweep{10};  // how long orphans are looked for

    StateMirror(EventLoop& loop, StateStore& store, mqtt::Client& client, wire::Topics topics);
    ~StateMirror();
    StateMirror(const StateMirror&) = delete;
    StateMirror& operator=(const StateMirror&) = delete;

    /// To be called from ClientObserver::onConnected and onLost.
    void connected();
    void lost();
    /// To be called with every message that the client receives; others than state/# are ignored.
    void message(const mqtt::Message& message);
    /// Nothing more is published: this master does not lead any more.
    void stop();
    /// Topics that are not yet as the store is.
    std::size_t pending() const { return dirty_.size() + inFlight_; }

private:
    void markAll();
    void pump();
    void publish(const std::string& key);
    void published(const std::string& key, bool isGood);
    mqtt::Message messageOf(const std::string& key) const;

    EventLoop& loop_;
    StateStore& store_;
    mqtt::Client& client_;
    wire::Topics topics_;
    std::set<std::string> dirty_;  // keys to publish
    std::size_t inFlight_ = 0;
    bool isConnected_ = false;
    bool isSweeping_ = false;
    bool isStopped_ = false;
    bool isPumping_ = false;
    std::uint64_t connection_ = 0;  // counts connects: late acknowledgements are of an older one
    TimerId sweepTimer_ = 0;
    TimerId retryTimer_ = 0;
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with callbacks
};

}  // namespace muster
