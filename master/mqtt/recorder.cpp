#include "master/mqtt/recorder.hpp"

namespace muster::mqtt {

KeptMessage::~KeptMessage() {
    recorder_.record(change::EraseMessage{key_});
}

KeptMessagePtr Recorder::keep(const MessagePtr& message) {
    const std::uint64_t key = newKey();
    record(change::PutMessage{key, message});
    return std::make_shared<const KeptMessage>(*this, key);
}

}  // namespace muster::mqtt
