#pragma once

#include "common/transport.hpp"
#include "master/mqtt/broker.hpp"
#include "master/mqtt/outgoing_aliases.hpp"
#include "master/mqtt/output_queue.hpp"
#include "master/mqtt/plain_publish.hpp"
#include "master/mqtt/slow_watch.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace muster::mqtt {

/// What a connection asks of the socket it stands on. None of it calls the connection back at once.
class Wire {
public:
    virtual ~Wire() = default;
    /// output() has bytes: write them by the end of this turn. May be called several times.
    virtual void outputReady() = 0;
    /// wantsInput() became true again.
    virtual void inputWanted() = 0;
    /// Write what is left (within a bound of time), then close, then call ended().
    virtual void close() = 0;
};

struct ConnectionInfo {
    std::string peer;           // remote address and port
    std::string listener;       // name of the listener
    bool allowsForeign = true;  // whether the broker's foreign protocol is recognised here
    bool isCarried = false;     // by TLS or WebSocket
};

/// One client's connection as a protocol machine: bytes in, bytes out, no sockets and no clock. It
/// is MQTT 3.1, 3.1.1 or 5.0, or, once recognised, a Link of the foreign protocol. Owned by the
/// shell, which must destroy it only outside of calls into it. The broker outlives it.
class Connection final : public SessionOutlet, public Link {
public:
    Connection(Broker& broker, Wire& wire, ConnectionInfo info, TimePoint now);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The client has proved to be whom this names; before its first receive().
    void showed(ClientCertificate certificate);
    /// What carries this connection's bytes (TLS, WebSocket) was broken by the client.
    void streamFailed(std::string_view why, TimePoint now);
    /// The client sent that many bytes of what carries MQTT, pings and padding among them: they
    /// count against its rate in place of those that receive() gets. If the info says isCarried.
    void carried(std::size_t bytes, TimePoint now);
    /// Bytes from the client. What is not a whole packet yet is kept.
    void receive(std::string_view bytes, TimePoint now);
    /// Deadlines of CONNECT and keep alive.
    void tick(TimePoint now);
    /// Some of the output was written.
    void drained(TimePoint now);
    /// The transport is gone. Idempotent.
    void ended(std::string_view reason, TimePoint now);
    /// Has no session yet, and others want one.
    void makeWay();
    /// Says goodbye because the server ends; the will is published.
    void shutDown();
    /// The store committed more, or fails: sends the answers that waited for it, or says that what
    /// they promised cannot be kept.
    void storeMoved();
    bool holdsAnswers() const noexcept { return held_ && !held_->empty(); }
    /// It has to be told when the store moves.
    bool awaitsStore() const noexcept { return holdsAnswers() || isOwing_; }
    /// What wantsInput() waited for may be over.
    void mayReadAgain() { wire_.inputWanted(); }

    OutputQueue& output() noexcept { return output_; }
    /// False while input has to wait: authentication runs, the client does not read, it sends more
    /// than it may, or the store is behind, with what its user wrote or as a whole.
    bool wantsInput();
    /// The last receive() held acknowledgements and nothing is sent back: TCP should acknowledge at
    /// once, or a client with Nagle's algorithm waits for it with what it has to publish. A few
    /// times only after each PUBLISH, and at first: who publishes nothing has nothing that waits,
    /// and the next message to it acknowledges as well, at no cost.
    bool takeQuickAck() noexcept;
    /// The client said that it reads and sends nothing any more.
    bool hasPeerLeft() const noexcept { return hasPeerLeft_; }
    bool isClosed() const noexcept { return state_ == State::Closed; }

    // SessionOutlet
    bool send(const Delivery& delivery, const DeliveryForm& form) override;
    bool sendQos0(Routing& routing, const DeliveryForm& form) override;
    void sendPubrel(std::uint16_t packetId) override;
    bool hasRoom() const override;
    OutletFacts facts() const override;
    bool hasInputLeft() const noexcept override { return isOwing_ && !kept_.empty(); }
    void detached(ReasonCode code, std::string_view why) override;

    // Link
    Result<void> send(std::string_view topic, std::string_view payload) override;
    void close(std::string_view reason) override;
    std::string_view peer() const override { return info_.peer; }

private:
    enum class State { AwaitsConnect, Authenticates, Undecided, Open, Foreign, Closed };
    /// An answer that promises what the store does not have yet.
    struct HeldAnswer {
        StorePosition after = 0;
        unsigned type = 0;  // of an acknowledgement; 0: `bytes` is a whole packet
        std::uint16_t packetId = 0;
        ReasonCode code = ReasonCode::Success;
        std::string bytes{};
    };
    static constexpr StorePosition kEverything = UINT64_MAX;

    // connection.cpp: bytes and packets
    bool mayProcess() const noexcept;
    std::size_t process(std::string_view bytes);
    std::size_t step(std::string_view bytes);
    void processKept();
    void onDecodeError(const DecodeError& error);
    /// False, and nothing is written, if the client does not take packets that large (MQTT 5,
    /// 3.1.2-24).
    bool write(const Packet& packet);
    void writeAck(unsigned type, std::uint16_t packetId, ReasonCode code);
    void fail(ReasonCode code, std::string_view why);
    void settle();
    void boundRate(std::size_t bytes, TimePoint now);
    void tickOpen(TimePoint now);
    void noteWritten();
    void disconnect(ReasonCode code, std::string_view why);
    void finish(bool publishWill, std::string_view reason,
                std::optional<std::uint32_t> expirySeconds = std::nullopt);

    // connection_answers.cpp: what waits for the store
    void answer(unsigned type, std::uint16_t packetId, ReasonCode code, StorePosition before);
    void answer(const Packet& packet, StorePosition before);
    bool mustHold(StorePosition before) const noexcept;
    StorePosition whatIsKept() const noexcept;
    void hold(HeldAnswer answer, StorePosition before);
    void sendReady();
    bool holdsTooMuch() const noexcept;
    bool owesTooMuch() const noexcept;
    bool mustLetStoreWrite();
    void notePendingGoodbye(bool& publishWill, std::optional<std::uint32_t>& expirySeconds) const;
    void sendHeld(const HeldAnswer& answer);
    void failHeld();
    bool cannotKeep(ReasonCode code);

    // connection_connect.cpp: until the session is there
    void on(Connect& packet);
    ReasonCode checkConnect(const Connect& packet) const;
    bool mayBeForeign(const Connect& packet) const;
    bool decide(std::string_view bytes);
    void authenticate();
    void authenticated(const AuthResult& result);
    SessionRequest sessionRequest(const ClientIdentity& identity);
    void accept(const ClientIdentity& identity, bool sessionPresent);
    void refuse(ReasonCode code, std::string_view why);
    bool writeConnack(ReasonCode code, bool sessionPresent, Properties properties);

    // connection_packets.cpp: with a session
    void on(Publish& packet);
    bool resolveAlias(Publish& packet);
    void onPublish(const PublishRequest& request, std::uint16_t packetId);
    void failTopic(std::string_view topic);
    void onQos2(const PublishRequest& request, std::uint16_t packetId);
    ReasonCode route(const PublishRequest& request);
    void on(const Puback& packet) { onPuback(packet.packetId); }
    void on(const Pubrec& packet) { onPubrec(packet.packetId, packet.code); }
    void on(const Pubrel& packet) { onPubrel(packet.packetId); }
    void on(const Pubcomp& packet) { onPubcomp(packet.packetId); }
    void onAck(const PlainAck& ack);
    void onPuback(std::uint16_t packetId);
    void onLastAck(Session::AckMeaning meaning, int qos);
    void failAck();
    void onPubrec(std::uint16_t packetId, ReasonCode code);
    void onPubrel(std::uint16_t packetId);
    void onPubcomp(std::uint16_t packetId);
    void on(const Subscribe& packet);
    void on(const Unsubscribe& packet);
    void on(const Pingreq& packet);
    void on(const Disconnect& packet);
    template <class Other>
    void on(const Other&);
    template <class AppendHead>
    bool writeHead(std::string_view topic, const DeliveryForm& form, std::size_t payloadSize,
                   AppendHead appendHead);
    bool isTooLarge(std::size_t size) const noexcept { return size > maxOutgoingPacket_; }

    // connection_foreign.cpp: another protocol's Link
    void openLink();
    void onForeignPublish(const PublishRequest& request, std::uint16_t packetId);
    void closeLink(std::string_view reason);

    Broker& broker_;
    Wire& wire_;
    ConnectionInfo info_;
    std::optional<Admission::Place> halfOpen_;  // until there is a session
    State state_ = State::AwaitsConnect;
    Version version_ = Version::V311;
    bool sawAck_ = false;
    static constexpr std::uint8_t kQuickAcks = 8;
    std::uint8_t quickAcks_ = kQuickAcks;  // that are left until the next PUBLISH
    bool isProcessing_ = false;
    bool hasPeerLeft_ = false;     // DISCONNECT came
    bool isAccepted_ = false;      // CONNACK 0 was sent
    bool isPaused_ = false;        // it sent more than it may
    bool isOwing_ = false;         // it waits for the store to have what its user wrote
    bool isLinkOpen_ = false;      // onOpen was called and onClose not yet
    std::uint16_t keepAlive_ = 0;  // seconds; 0: off
    TimePoint since_;
    TimePoint lastInput_;
    TimePoint deadline_;
    SlowWatch slowWatch_;
    std::unique_ptr<RateLimit> rate_;  // null: no limits
    std::size_t maxOutgoingPacket_ = SIZE_MAX;
    Session* session_ = nullptr;
    std::unique_ptr<ClientCertificate> certificate_;  // until CONNECT
    std::unique_ptr<Connect> connect_;                // until the session is there
    std::shared_ptr<bool> authentication_;  // while one runs: its answer may come too late
    std::unique_ptr<std::vector<std::string>> aliases_;  // topics by alias - 1, from the client
    std::unique_ptr<OutgoingAliases> outgoingAliases_;   // if the client takes any
    std::unique_ptr<std::unordered_set<std::uint16_t>> foreignQos2_;
    std::unique_ptr<Fifo<HeldAnswer>> held_;
    StorePosition owedUntil_ = 0;  // its last change
    std::string kept_;             // what was not processed: mostly the beginning of a packet
    std::string linkReason_;       // why our side closed the link
    OutputQueue output_;
};

}  // namespace muster::mqtt
