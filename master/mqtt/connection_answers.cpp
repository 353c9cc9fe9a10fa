// Answers that promise something wait until the store has it; their order stays.
#include "master/mqtt/connection.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

constexpr unsigned kPuback = 4, kPubrec = 5;
constexpr std::size_t kMostHeld = 10'000;

}  // namespace

// `before`: how much was recorded when the packet came that is answered.
bool Connection::mustHold(StorePosition before) const noexcept {
    if (holdsAnswers()) return true;
    return broker_.recorded() != before && broker_.recorded() > broker_.committed();
}

// For answers about what was there already: of a session that is kept, all that was recorded has to
// be kept; of another one nothing has.
StorePosition Connection::whatIsKept() const noexcept {
    return session_ != nullptr && session_->isKept() ? kEverything : broker_.recorded();
}

// What promises nothing itself waits for its turn only.
void Connection::hold(HeldAnswer answer, StorePosition before) {
    if (broker_.recorded() != before) answer.after = broker_.recorded();
    if (!held_) held_ = std::make_unique<Fifo<HeldAnswer>>();
    if (held_->empty()) broker_.holds(*this);
    held_->push(std::move(answer));
}

void Connection::answer(unsigned type, std::uint16_t packetId, ReasonCode code,
                        StorePosition before) {
    // Promises nothing; publishes that were held before it were refused before it.
    const bool isOfPublish = type == kPuback || type == kPubrec;
    const bool isFree = code == ReasonCode::QuotaExceeded || broker_.recorded() == before;
    if (isOfPublish && isFree && broker_.isStoreFailing()) return writeAck(type, packetId, code);
    if (!mustHold(before)) return writeAck(type, packetId, code);
    HeldAnswer held;
    held.type = type;
    held.packetId = packetId;
    held.code = code;
    hold(std::move(held), before);
}

void Connection::answer(const Packet& packet, StorePosition before) {
    HeldAnswer held;
    encode(packet, version_, held.bytes);
    // A SUBACK without its codes would be a lie: who asks for more than it takes is sent away.
    if (isTooLarge(held.bytes.size()))
        return disconnect(ReasonCode::PacketTooLarge, "the answer is larger than the client takes");
    if (!mustHold(before)) return sendHeld(held);
    hold(std::move(held), before);
}

void Connection::sendHeld(const HeldAnswer& answer) {
    if (answer.type != 0) return writeAck(answer.type, answer.packetId, answer.code);
    ++broker_.counters().packetsSent;
    output_.append(answer.bytes);
    wire_.outputReady();
}

bool Connection::holdsTooMuch() const noexcept {
    return held_ && held_->size() >= kMostHeld;
}

// While the store fails, what comes is refused; who is not read could not be told.
bool Connection::owesTooMuch() const noexcept {
    const std::size_t most = broker_.limits().maxUnstoredBytes;
    if (session_ == nullptr || session_->debt().bytes() <= most) return false;
    if (broker_.isStoreFailing()) return false;
    StoreDebt& debt = session_->debt();
    debt.settle(broker_.committed());
    // Those of the name who have not written wait, too, before each of many has written once.
    const bool hasWritten = broker_.committed() < owedUntil_;
    return debt.bytes() > (hasWritten ? most : 2 * most);
}

// The same, and if so, storeMoved() will come.
bool Connection::mustLetStoreWrite() {
    const bool wasOwing = std::exchange(isOwing_, owesTooMuch());
    if (!isOwing_) return false;
    broker_.holds(*this);
    if (!wasOwing) ++broker_.counters().storePauses;
    return true;
}

// A DISCONNECT that is here is a goodbye, though what came before it will not be processed any
// more.
void Connection::notePendingGoodbye(bool& publishWill,
                                    std::optional<std::uint32_t>& expirySeconds) const {
    const DecodeLimits& limits = broker_.limits().decode;
    for (std::string_view left = kept_; !left.empty();) {
        const DecodeResult result = decode(left, version_, From::Client, limits);
        const auto* decoded = std::get_if<Decoded>(&result);
        if (decoded == nullptr) return;
        left.remove_prefix(decoded->size);
        const auto* goodbye = std::get_if<Disconnect>(&decoded->packet);
        if (goodbye == nullptr) continue;
        publishWill = goodbye->code != ReasonCode::Success;
        if (expirySeconds || session_ == nullptr || session_->expirySeconds == 0) return;
        expirySeconds = goodbye->properties.sessionExpiry;
        return;
    }
}

void Connection::storeMoved() {
    if (held_) sendReady();
    if (held_ && broker_.isStoreFailing()) failHeld();
    if (held_) sendReady();
    if (held_ && held_->empty()) held_.reset();
    const bool wasOwing = isOwing_;
    if (mustLetStoreWrite()) return;
    // No socket tells of what is here already.
    if (wasOwing && !kept_.empty() && state_ != State::Closed) processKept();
    if (!holdsTooMuch() && !isOwing_) wire_.inputWanted();
}

void Connection::sendReady() {
    while (!held_->empty() && held_->front().after <= broker_.committed()) {
        const HeldAnswer answer = std::move(held_->front());
        held_->pop();
        sendHeld(answer);
    }
}

// Publishers are told; the other answers come late, when the store can be written again.
void Connection::failHeld() {
    const auto isPublish = [](const HeldAnswer& held) {
        return held.type == kPuback || held.type == kPubrec;
    };
    if (version_ != Version::V5 && std::any_of(held_->begin(), held_->end(), isPublish))
        return disconnect(ReasonCode::QuotaExceeded, "what was published cannot be kept");
    held_->removeIf([&](const HeldAnswer& held) {
        if (!isPublish(held)) return false;
        if (held.type == kPubrec && session_ != nullptr) session_->releaseQos2(held.packetId);
        writeAck(held.type, held.packetId, ReasonCode::QuotaExceeded);
        return true;
    });
}

}  // namespace muster::mqtt
