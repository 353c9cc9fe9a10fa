#pragma once

#include "common/config/cluster_config.hpp"
#include "common/log_quota.hpp"
#include "common/transport.hpp"
#include "common/wire/pomelo_wire.hpp"
#include "master/console/authenticator.hpp"
#include "master/console/pomelo_outbox.hpp"
#include "master/console/pomelo_peers.hpp"
#include "master/console/pomelo_registrations.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster {

/// The peers that speak pomelo's framing, as members and admin clients like all others. Gives each
/// link a role at its registration, and from then on takes authority from that role alone. What is
/// malformed is counted, logged, and costs its sender's link at most. Lives on the master's thread;
/// loop, authenticator, registrations and upcalls outlive it, the links' owner is told first.
class PomeloGateway final : public LinkObserver, public PomeloPeers {
public:
    struct Options {
        config::PomeloPolicy policy;
        std::size_t maxLinks = 10'000;
        std::size_t maxMembers = 10'000;  // connected, or away and not forgotten
        std::size_t maxMessage = 1 << 20;
        PomeloOutbox::Limits outbox;
        std::chrono::milliseconds registrationTime{10'000};  // for a link to say who it is
        /// Whether this id and type may be a pomelo monitor's at all (a user's name, a native
        /// member's id or a node's may not). Empty: all may.
        std::function<bool(const ServerInfo&)> mayJoin;
    };
    struct Counters {
        std::uint64_t registered = 0;
        std::uint64_t reconnected = 0;
        std::uint64_t refused = 0;
        std::uint64_t takenOver = 0;
        std::uint64_t malformed = 0;       // payloads that are no message
        std::uint64_t ignored = 0;         // unknown topics, another role's topic, stray commands
        std::uint64_t unknownAnswers = 0;  // answers that nobody waits for
        std::uint64_t repushed = 0;
        std::uint64_t dropped = 0;  // the peer's queue was full
    };

    PomeloGateway(EventLoop& loop, Authenticator& authenticator, PomeloRegistrations& registrations,
                  Options options);
    ~PomeloGateway() override;
    PomeloGateway(const PomeloGateway&) = delete;
    PomeloGateway& operator=(const PomeloGateway&) = delete;

    /// Takes the rights of identities away: admin clients lose their links; monitors, who show
    /// their token only once, keep theirs, and have to show it again when they come back. How many
    /// links.
    std::size_t revoke(const std::function<bool(const Identity&)>& isRevoked);
    /// Whom to tell. Links that open before are closed.
    void attach(PomeloUpcalls& upcalls) { upcalls_ = &upcalls; }
    const Counters& counters() const { return counters_; }

    void onOpen(Link& link) override;
    void onMessage(Link& link, std::string_view topic, std::string_view payload) override;
    void onClose(Link& link, std::string_view reason) override;

    bool has(std::string_view id) const override;
    bool hasClient(std::string_view clientId) const override;
    Result<void> send(std::string_view id, std::string_view moduleId, const JsonText& body,
                      std::optional<PomeloRequest> request) override;
    std::size_t notifyAll(std::string_view serverType, std::string_view moduleId,
                          const JsonText& body) override;
    void commandAll(std::string_view command, std::string_view moduleId) override;
    Result<void> notifyClient(std::string_view clientId, std::string_view moduleId,
                              const JsonText& body) override;
    void forget(std::string_view id) override;
    void displace(std::string_view id) override;

private:
    struct Member {
        Link* link;  // null: away
        std::string type;
        long pid;
        PomeloOutbox outbox;
    };
    struct Session {
        enum class State { New, Checking, Monitor, Client, Closing };
        State state = State::New;
        std::uint64_t serial = 0;  // tells it from a later link at the same address
        TimePoint opened;
        std::string id;            // the member's
        Member* member = nullptr;  // while it is a monitor's: a member with a link is not erased
        Caller caller;             // the client's
        int malformed = 0;
    };
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const {
            return std::hash<std::string_view>()(name);
        }
    };
    template <class Value>
    using ByName = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;
    /// Which message an answer belongs to, while a module works on it.
    struct Question {
        Link* link;
        std::uint64_t serial;
        std::string_view topic;
        std::string id;
        std::string moduleId;
        bool isCommand;
    };

    // pomelo_gateway_registration.cpp
    void registerPeer(Link& link, Session& session, std::string_view payload, bool isReconnect);
    void registerMonitor(Link& link, Session& session, const pomelo::Registration& monitor,
                         bool isReconnect);
    void registerClient(Link& link, Session& session, pomelo::Registration client);
    void finishClient(Link& link, std::uint64_t serial, const pomelo::Registration& client,
                      const Result<int>& level);
    bool isKnown(const pomelo::Registration& monitor, const PomeloRegistrationRecord& record) const;
    bool hasRoomFor(std::string_view id);
    void admit(Link& link, Session& session, ServerInfo info, bool isReconnect);
    Link* takePlace(Link& link, Member& member);
    void refuse(Link& link, Session& session, bool isReconnect, std::string_view message);

    void fromMonitor(Link& link, Session& session, std::string_view payload);
    void fromClient(Link& link, Session& session, std::string_view payload);
    void takeAnswer(Session& session, pomelo::Message answer);
    void command(Link& link, const Session& session, pomelo::Message message);
    Reply replyTo(Question question);
    void answer(const Question& question, const Result<JsonText>& result);
    void malformed(Link& link, Session& session, const Error& error);
    void kick(Link& link, Session& session, std::string_view reason);
    void kickLater(Link& link, std::uint64_t serial, std::string reason);
    Session* find(Link& link, std::uint64_t serial);
    Result<void> count(Result<void> sent);
    void sweep();

    EventLoop& loop_;
    Authenticator& authenticator_;
    PomeloRegistrations& registrations_;
    const Options options_;
    PomeloUpcalls* upcalls_ = nullptr;
    Counters counters_;
    log::Quota refusals_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // weak in callbacks under way
    std::uint64_t nextSerial_ = 1;
    TimerId sweepTimer_ = 0;
    std::unordered_map<Link*, Session> sessions_;
    ByName<Member> members_;
    ByName<Link*> clients_;
};

}  // namespace muster
