#include "test/fuzz/script_world.hpp"

#include <algorithm>

namespace muster::test {

using namespace mqtt;

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::chrono::milliseconds, 8> kSteps{250ms, 1s, 2s,       11s,
                                                          1min,  1h, 24h * 30, 1ms};
constexpr std::size_t kAll = SIZE_MAX;

}  // namespace

void ScriptAccess::authenticate(Credentials credentials, std::function<void(AuthResult)> done) {
    AuthResult result;
    result.identity.name = credentials.username.value_or("anonymous");
    result.code = isEveShutOut && result.identity.name == "eve" ? ReasonCode::NotAuthorized
                                                                : ReasonCode::Success;
    auto tell = [done = std::move(done), result] { done(result); };
    if (!isSlow) return tell();
    waiting_.push_back(std::move(tell));
}

void ScriptAccess::answer() {
    for (auto& tell : std::exchange(waiting_, {})) tell();
}

bool ScriptAccess::mayPublish(const ClientIdentity& who, std::string_view topic) const {
    return mayRead(who, topic);
}

bool ScriptAccess::mayRead(const ClientIdentity& who, std::string_view topic) const {
    return who.name != "eve" || (!isEveShutOut && topic.substr(0, 2) != "w/");
}

bool ScriptAccess::maySubscribe(const ClientIdentity& who, std::string_view filter) const {
    return mayRead(who, filter);
}

void ScriptLinks::onMessage(Link& link, std::string_view topic, std::string_view payload) {
    (void)link.send(topic, payload);  // a link that is full closes by itself
    if (payload.size() == 7) link.close("seven bytes are goodbye");
}

void ScriptClient::flush(TimePoint now) {
    if (unsent.empty() || !connection.wantsInput()) return;
    const std::string bytes = std::exchange(unsent, {});
    witness.sent(bytes);
    connection.receive(bytes, now);
}

void ScriptClient::watch() {
    const OutputQueue& output = connection.output();
    if (output.bytes() == seen_) return;
    std::vector<std::string_view> pieces;
    output.peek(pieces, kAll);
    std::string fresh;
    std::size_t before = seen_;
    for (const std::string_view piece : pieces) {
        const std::size_t skip = std::min(before, piece.size());
        fresh.append(piece.substr(skip));
        before -= skip;
    }
    requireThat(seen_ + fresh.size() == output.bytes(), "the output's pieces are not its size");
    seen_ = output.bytes();
    witness.received(fresh);
}

bool ScriptClient::read(std::size_t most, TimePoint now) {
    const std::size_t size = std::min(most, connection.output().bytes());
    if (size == 0) return false;
    connection.output().consume(size);
    seen_ -= size;
    connection.drained(now);
    return true;
}

BrokerLimits ScriptWorld::limitsOf(const ScriptRecord& settings) {
    const auto choice = settings.arguments[0];
    BrokerLimits limits;
    limits.decode.maxPacketSize = 64 << 10;
    limits.maxOutputBytes = 32 << 10;
    limits.pumpBytes = 8 << 10;
    limits.maxSessionExpiry = (choice & 1U) != 0 ? 100 : kNeverExpires;
    if ((choice & 2U) != 0) limits.receiveMaximum = 2;
    if ((choice & 4U) != 0) limits.maxInFlight = 2;
    if ((choice & 8U) != 0) {
        limits.maxQueuedMessages = 3;
        limits.maxQueuedBytes = 600;
        limits.maxQueuedBytesTotal = 1000;
    }
    if ((choice & 16U) != 0) {
        limits.maxOutputBytes = 512;
        limits.pumpBytes = 128;
    }
    if ((choice & 32U) != 0) {
        limits.maxSessions = 2;
        limits.maxSubscriptions = 2;
    }
    if ((choice & 64U) != 0) {
        limits.maxRetained = 2;
        limits.maxRetainedBytes = 600;
        limits.retainedSlice = 1;
    }
    if ((choice & 128U) != 0) limits.topicAliasMaximum = 1;
    limits.maxUnstoredBytes = (settings.arguments[1] & 8U) != 0 ? 300 : 8 << 10;
    return limits;
}

ScriptWorld::ScriptWorld(const ScriptRecord& settings)
    : limits_(limitsOf(settings)),
      isForeignOn_((settings.arguments[1] & 1U) != 0),
      hasStore_((settings.arguments[1] & 4U) != 0) {
    access_.isSlow = (settings.arguments[1] & 2U) != 0;
    startBroker();
}

void ScriptWorld::startBroker() {
    broker_ = std::make_unique<Broker>(limits_, access_, "script");
    broker_->enter(now_);
    broker_->setWaker([this] { wantsWork_ = true; });
    if (isForeignOn_) broker_->setForeignProtocol({{"register"}, &links_});
    if (hasStore_) requireThat(bool(broker_->restore(store_, now_)), "the store is refused");
    restoredBytes_ = broker_->gauges().queuedBytes;
}

// The process is gone: what happens to its connections is not recorded any more.
void ScriptWorld::crash() {
    store_.crash();
    clients_ = {};
    broker_.reset();
    startBroker();
}

ScriptClient& ScriptWorld::client(const ScriptRecord& record) {
    auto& slot = clients_[record.client];
    if (slot && slot->connection.isClosed()) slot.reset();
    if (!slot) slot = std::make_unique<ScriptClient>(*broker_, isForeignOn_, now_);
    return *slot;
}

void ScriptWorld::sendBytes(const ScriptRecord& record, std::string bytes) {
    ScriptClient& to = client(record);
    const auto& a = record.arguments;
    if (record.isDamaged && !bytes.empty()) {
        const std::size_t place = a[5] % bytes.size();
        if (a[6] == 0)
            bytes.resize(place);
        else
            bytes[place] = static_cast<char>(bytes[place] ^ a[6]);
    }
    constexpr std::size_t kKernelBuffer = 64 << 10;
    if (to.unsent.size() + bytes.size() <= kKernelBuffer) to.unsent += bytes;
    if (!record.waits) to.flush(now_);
}

void ScriptWorld::send(const ScriptRecord& record, const Packet& packet) {
    Version version = client(record).witness.version();
    if (const auto* connect = std::get_if<Connect>(&packet)) version = connect->version;
    std::string bytes;
    encode(packet, version, bytes);
    sendBytes(record, std::move(bytes));
}

void ScriptWorld::answer(const ScriptRecord& record) {
    Packet packet{Pingreq{}};
    if (client(record).witness.answer(record.arguments[0], packet)) send(record, packet);
}

void ScriptWorld::passTime(const ScriptRecord& record) {
    now_ += kSteps[record.arguments[0] % kSteps.size()] * (1 + record.arguments[1] % 4);
    broker_->tick(now_);
}

void ScriptWorld::read(const ScriptRecord& record) {
    ScriptClient& reader = client(record);
    switch (record.arguments[0] % 3) {
        case 0: reader.isReading = false; break;
        case 1: reader.isReading = true; break;
        default: reader.read(record.arguments[1] + std::size_t{1}, now_);
    }
}

void ScriptWorld::operate(const ScriptRecord& record) {
    const auto& a = record.arguments;
    constexpr std::uint8_t kRarely = 77;
    switch (a[0] % 8) {
        case 0: access_.isSlow = !access_.isSlow; break;
        case 1: access_.isEveShutOut = !access_.isEveShutOut; break;
        case 2:
            broker_->disconnectIdentity((a[1] & 1U) != 0 ? "eve" : "anonymous",
                                        ReasonCode::NotAuthorized);
            break;
        case 3:
            if (a[1] == kRarely) broker_->shutDown();
            break;
        case 4: store_.hold(!store_.isHeld()); break;
        case 5: store_.fail(!store_.isFailing(), now_); break;
        case 6: return crash();
        default: broker_->enter(now_); access_.answer();
    }
}

void ScriptWorld::publishInside(const ScriptRecord& record) {
    const Publish packet = scriptPublish(record);
    if (!isValidTopicName(packet.topic)) return;
    broker_->publish({packet.topic, packet.payload, packet.qos, packet.retain, &packet.properties},
                     {"server", 0, {}}, nullptr);
}

void ScriptWorld::play(const ScriptRecord& record) {
    switch (record.step) {
        case ScriptStep::Connect:
        case ScriptStep::ConnectAgain: send(record, scriptConnect(record)); break;
        case ScriptStep::Subscribe: send(record, scriptSubscribe(record)); break;
        case ScriptStep::Unsubscribe: send(record, scriptUnsubscribe(record)); break;
        case ScriptStep::Publish:
        case ScriptStep::PublishLarge: send(record, scriptPublish(record)); break;
        case ScriptStep::Answer: answer(record); break;
        case ScriptStep::Acknowledge: send(record, scriptAcknowledgement(record)); break;
        case ScriptStep::Ping: send(record, Pingreq{}); break;
        case ScriptStep::Disconnect: send(record, scriptDisconnect(record)); break;
        case ScriptStep::Bytes: {
            const auto& a = record.arguments;
            sendBytes(record, std::string(a.begin() + 1, a.begin() + 1 + a[0] % 7));
            break;
        }
        case ScriptStep::PassTime: passTime(record); break;
        case ScriptStep::Read: read(record); break;
        case ScriptStep::Cut: clients_[record.client].reset(); break;
        case ScriptStep::Operate: operate(record); break;
        case ScriptStep::PublishInside: publishInside(record); break;
    }
    settle();
}

// As a turn of the loop ends: what can be read is read, until nobody has more to say.
void ScriptWorld::settle() {
    while (settleOnce()) {
    }
    checkLimits();
}

bool ScriptWorld::settleOnce() {
    bool isBusy = std::exchange(wantsWork_, false);
    if (isBusy) broker_->work(now_);
    if (hasStore_ && store_.commit(now_)) isBusy = true;
    for (auto& client : clients_) {
        if (!client) continue;
        client->watch();
        client->witness.endTurn();
        if (client->isReading && client->read(kAll, now_)) isBusy = true;
    }
    return isBusy;
}

void ScriptWorld::checkLimits() {
    const BrokerLimits& limits = broker_->limits();
    const BrokerGauges gauges = broker_->gauges();
    requireThat(gauges.sessions <= limits.maxSessions, "too many sessions");
    requireThat(gauges.subscriptions <= gauges.sessions * limits.maxSubscriptions,
                "too many subscriptions");
    requireThat(gauges.retained <= limits.maxRetained, "too many retained messages");
    requireThat(gauges.retainedBytes <= limits.maxRetainedBytes, "too much retained");
    // What was in flight is queued after a crash: nothing acknowledged is lost for a bound.
    // One message for each session is let through beyond the bound.
    const std::size_t room = std::max(limits.maxQueuedBytesTotal, restoredBytes_) +
                             gauges.sessions * limits.decode.maxPacketSize;
    requireThat(gauges.queuedBytes <= room, "too much queued");
    for (const auto& client : clients_) {
        if (!client) continue;
        // Above the bound nothing is read; one read may be answered, and one message goes beyond.
        const std::size_t most = limits.maxOutputBytes + 2 * limits.decode.maxPacketSize;
        requireThat(client->connection.output().bytes() <= most, "too much output");
        // Who cleared a session away is answered, and read on, once that is kept.
        const bool mayWait =
            access_.isWaiting() || (hasStore_ && (store_.isHeld() || store_.isFailing()));
        if (client->witness.isClientWrong() && !isForeignOn_ && !mayWait)
            requireThat(client->connection.isClosed(), "a client that is wrong stays connected");
    }
}

void ScriptWorld::finish() {
    access_.isSlow = false;
    access_.answer();
    store_.hold(false);
    if (hasStore_) store_.fail(false, now_);
    for (auto& client : clients_) {
        if (!client) continue;
        client->isReading = true;
        settle();
        client->flush(now_);
        settle();
        if (!client->connection.isClosed()) client->witness.checkEverythingAnswered();
    }
    clients_ = {};
    settle();
}

}  // namespace muster::test
