#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"
#include "common/request_table.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/topics.hpp"
#include "master/console/authenticator.hpp"
#include "master/console/dispatcher.hpp"
#include "master/console/member_table.hpp"
#include "master/console/pomelo_peers.hpp"

#include <muster/master.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster {

struct MasterAgentOptions {
    std::string cluster = "default";
    /// How long a lost member may be away before others are told.
    std::chrono::milliseconds grace = std::chrono::seconds(3);
    std::size_t maxRequests = 10'000;  // open at once; more get Limit
    /// How long after the broker came back native members have to say that they are still there:
    /// longer than the longest pause between their attempts to connect, and one attempt.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    /// How many messages a broker in this process dropped so far because a receiver's queue was
    /// full; a publish shows in it at once. Empty: the broker is elsewhere.
    std::function<std::uint64_t()> dropped = {};
};

/// What was refused or came too late, since the start.
struct MasterAgentCounters {
    std::uint64_t badMessages = 0;
    std::uint64_t foreignReplyTopics = 0;
    std::uint64_t lateAnswers = 0;
    std::uint64_t unknownSenders = 0;
    std::uint64_t queuesFull = 0;  // messages that a full queue did not take: their senders know
    std::uint64_t lost = 0;        // messages that the broker did not acknowledge
};

/// The master's door to its members, over one MQTT client and, for pomelo's peers, the gateway.
/// Who sent a message is what its topic says. All on the loop's thread. Loop, client,
/// authenticator, dispatcher and gateway outlive it; it closes the client.
class MasterAgentImpl final : public MasterAgent,
                              public PomeloUpcalls,
                              private mqtt::ClientObserver {
public:
    using OrderListener = std::function<void(std::string_view serverId, std::string_view orderId,
                                             const wire::Answer& answer)>;
    using PresenceListener = std::function<void(const Member& member)>;
    /// `relativeTopic` is below muster/<cluster>/.
    using TopicListener =
        std::function<void(std::string_view relativeTopic, const mqtt::Message& message)>;

    MasterAgentImpl(EventLoop& loop, mqtt::Client& client, const Authenticator& authenticator,
                    MasterAgentOptions options);
    ~MasterAgentImpl() override;
    MasterAgentImpl(const MasterAgentImpl&) = delete;
    MasterAgentImpl& operator=(const MasterAgentImpl&) = delete;

    /// Before start(); null: no pomelo peers.
    void attach(PomeloPeers* peers) { pomelo_ = peers; }
    /// Subscribes and connects; what arrives for modules goes to `dispatcher`.
    void start(mqtt::ConnectOptions options, Dispatcher& dispatcher);
    /// Answers what is open with Closed and closes the client. Idempotent.
    void stop();
    /// From now on this master leads with `epoch`; 0: it does not lead, and answers nobody.
    void setLeadership(std::int64_t epoch, std::string clusterUid);
    std::int64_t epoch() const { return epoch_; }
    const std::string& clusterUid() const { return clusterUid_; }

    /// Sends an order once to a member that is present; its answer goes to the order listener.
    /// UnknownServer if it is not here, Denied if this master does not lead.
    Result<void> sendOrder(std::string_view serverId, const wire::Envelope& order);
    void onOrderAnswer(OrderListener listener) { orderListener_ = std::move(listener); }
    /// Every presence record of a known native member, after the table took it.
    void onPresence(PresenceListener listener);
    /// Calls back with true whenever the client is connected (again): time to re-assert retained
    /// topics; with false when it was lost.
    void onConnection(std::function<void(bool isConnected)> listener);
    /// Every event that this master publishes, also while no broker is there.
    using EventListener =
        std::function<void(std::string_view kind, std::string_view id, const JsonText& body)>;
    void onEvent(EventListener listener) { eventListener_ = std::move(listener); }
    /// Also receives what matches `relativeFilter` (below muster/<cluster>/); its first level is
    /// not presence, to or reply. QoS 1. Before or after start().
    void subscribe(std::string relativeFilter, TopicListener listener);
    /// The same for one who subscribes to it by himself.
    void listen(std::string relativeFilter, TopicListener listener);

    /// The broker took their sessions away, and with them their wills: says what those would have.
    void cutOff(const std::set<std::string>& ids);

    const Member* member(std::string_view id) const { return members_.find(id); }
    const MasterAgentCounters& counters() const { return counters_; }
    std::size_t openRequests() const { return requests_.size(); }
    const wire::Topics& topics() const { return topics_; }

    // MasterAgent
    std::vector<ServerInfo> servers() const override;
    std::optional<ServerInfo> server(std::string_view serverId) const override;
    void request(std::string_view serverId, std::string_view moduleId, JsonText body, Reply done,
                 std::chrono::milliseconds timeout) override;
    void requestServer(std::string_view serverId, std::string_view host, int port,
                       std::string_view moduleId, JsonText body, Reply done,
                       std::chrono::milliseconds timeout) override;
    Result<void> notifyById(std::string_view serverId, std::string_view moduleId,
                            JsonText body) override;
    Result<void> notifyByServer(std::string_view serverId, std::string_view host, int port,
                                std::string_view moduleId, JsonText body) override;
    Result<void> notifyByType(std::string_view serverType, std::string_view moduleId,
                              JsonText body) override;
    Result<void> notifyAll(std::string_view moduleId, JsonText body) override;
    Result<void> notifyClient(std::string_view clientId, std::string_view moduleId,
                              JsonText body) override;
    Result<void> notifyCommand(std::string_view command, std::string_view moduleId) override;
    void set(std::string_view moduleId, JsonText value) override;
    JsonText get(std::string_view moduleId) const override;
    void onMember(std::function<void(MemberEvent, const ServerInfo&)> listener) override;
    void publishEvent(std::string_view kind, std::string_view id, JsonText body) override;

    // PomeloUpcalls
    void onPomeloJoin(ServerInfo info, bool isReconnect) override;
    void onPomeloLeave(std::string_view id, bool wasMeant) override;
    void onPomeloAnswer(std::string_view id, std::uint64_t requestId,
                        Result<JsonText> answer) override;
    void onPomeloMessage(std::string_view id, std::string_view moduleId, const JsonText& body,
                         Reply reply) override;
    void onPomeloClientMessage(const Caller& caller, std::string_view moduleId,
                               const JsonText& body, Reply reply) override;
    void onPomeloClientCommand(const Caller& caller, std::string_view command,
                               std::string_view moduleId, Reply reply) override;

private:
    // mqtt::ClientObserver
    void onConnected(bool sessionPresent) override;
    void onMessage(const mqtt::Message& message) override;
    void onLost(std::string_view reason, bool refused) override;

    void onPresenceMessage(std::string_view level, const mqtt::Message& message);
    bool isOwnPomeloRecord(std::string_view id, std::string_view payload) const;
    void onForeignPomeloPresence(const ServerInfo& server, std::string_view state);
    void onToMaster(std::string_view level, const mqtt::Message& message);
    void deliver(const std::string& sender, const wire::Envelope& envelope, Reply reply,
                 const mqtt::Message& message);
    void onReply(std::string_view level, const mqtt::Message& message);
    Reply answerTo(const mqtt::Message& message);
    void publishAnswer(std::string topic, std::string correlation, Result<JsonText> result);

    void sendRequest(const Member& member, std::uint64_t id, std::string_view moduleId,
                     JsonText body, TimePoint deadline);
    Result<void> notifyMember(const Member& member, std::string_view moduleId, JsonText body);
    Result<void> publishTo(std::string topic, std::string_view moduleId, JsonText body);
    Result<void> put(mqtt::Message message);
    std::uint64_t droppedSoFar() const { return dropped_ ? dropped_() : 0; }
    void sendOrderLater(const std::string& serverId, const wire::Envelope& order);
    void answerLater(Reply done, Error error);
    void finish(std::uint64_t id, Result<JsonText> result);
    void armRequests(TimePoint deadline);
    void expireRequests();
    void apply(const MemberChanges& changes);
    void tell(const MemberChange& change);
    void armMembers();
    void publishPresence(const ServerInfo& server, std::string_view state);
    void republishPomelo();
    void doubtMembers();
    void takeHearsay(const ServerInfo& server);
    void armDoubts();
    void sweepHearsay();
    void forgetHearsay();
    void clearMetric(const std::string& id);
    bool mayWarn();

    EventLoop& loop_;
    mqtt::Client& client_;
    const Authenticator& authenticator_;
    PomeloPeers* pomelo_ = nullptr;
    Dispatcher* dispatcher_ = nullptr;
    wire::Topics topics_;
    MemberTable members_;
    RequestTable requests_;
    MasterAgentCounters counters_;
    std::int64_t epoch_ = 0;
    std::string clusterUid_;
    bool isConnected_ = false;
    bool isStopped_ = false;
    TimerId requestTimer_ = 0;
    std::optional<TimePoint> requestTimerAt_;
    std::function<std::uint64_t()> dropped_;
    std::size_t unacknowledged_ = 0;  // of put()
    TimerId memberTimer_ = 0;
    std::chrono::milliseconds patience_;
    TimerId doubtTimer_ = 0;
    std::map<std::string, ServerInfo, std::less<>> hearsay_;  // the broker kept their presence
    std::optional<TimePoint> lastWarning_;
    std::map<std::string, JsonText, std::less<>> values_;
    OrderListener orderListener_;
    EventListener eventListener_;
    std::vector<PresenceListener> presenceListeners_;
    std::vector<std::function<void(bool)>> connectionListeners_;
    std::vector<std::function<void(MemberEvent, const ServerInfo&)>> memberListeners_;
    std::vector<std::pair<std::string, TopicListener>> topicListeners_;  // by filter's first level
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster
