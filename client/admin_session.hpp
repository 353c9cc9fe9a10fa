#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"
#include "common/request_table.hpp"
#include "common/wire/topics.hpp"

#include <muster/client.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace muster {

/// The connection behind an AdminClient. All on its loop's thread; AdminClient posts and waits.
/// Shared with what is posted, which may run after a caller gave up waiting.
class AdminSession final : private mqtt::ClientObserver,
                           public std::enable_shared_from_this<AdminSession> {
public:
    using Connected = std::function<void(Result<void>)>;

    AdminSession(AdminClientOptions options, std::unique_ptr<mqtt::Client> client, EventLoop& loop);

    /// `done` once: after the subscription for answers is granted.
    void connect(Connected done);
    /// `command` empty: for the module's clientHandler.
    void request(std::string_view command, std::string_view moduleId, const JsonText& body,
                 std::chrono::milliseconds timeout, Reply done);
    void notify(std::string_view moduleId, const JsonText& body, Connected done);
    void subscribe(std::string_view filter, std::function<void(const AdminMessage&)> onMessage,
                   Connected done);
    /// Answers what waits with Closed.
    void close();

    const AdminClientOptions& options() const { return options_; }

private:
    using Published = std::function<void(const Result<mqtt::PublishOutcome>&)>;
    /// What waits for the leader's record: before it, nobody may be there to receive.
    struct Held {
        mqtt::Message message;
        std::uint64_t request;  // 0: a notify
        Published done;
    };

    void onConnected(bool sessionPresent) override;
    void onMessage(const mqtt::Message& message) override;
    void onLost(std::string_view reason, bool refused) override;

    void finishConnect(const Result<void>& result);
    void onAnswer(const mqtt::Message& message);
    void onLeader(const mqtt::Message& message);
    void awaitLeader();
    void send(Held held);
    void onPublished(std::uint64_t id, const Result<mqtt::PublishOutcome>& outcome);
    void failAll(const std::string& reason);
    Error noMaster() const;
    Error closedCluster() const;
    void sweepLater();
    void sweep();
    mqtt::Message envelope(std::string_view command, std::string_view moduleId,
                           const JsonText& body) const;

    AdminClientOptions options_;
    EventLoop& loop_;
    std::unique_ptr<mqtt::Client> client_;
    wire::Topics topics_;
    const std::string user_;
    const std::string clientId_;
    RequestTable requests_{1000};
    std::vector<Held> held_;
    std::vector<std::pair<std::string, std::function<void(const AdminMessage&)>>> listeners_;
    Connected onConnected_;
    bool isUp_ = false;
    bool isLeaderSeen_ = false;
    bool isLeaderOverdue_ = false;  // nobody has led here for a while
    TimerId connectTimer_ = 0;
    TimerId leaderTimer_ = 0;
    bool isClosed_ = false;
    TimerId sweepTimer_ = 0;
};

/// Whether `topic` matches `filter` (MQTT 5, 4.7).
bool matchesFilter(std::string_view filter, std::string_view topic);

}  // namespace muster
