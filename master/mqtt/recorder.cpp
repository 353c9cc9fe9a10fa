#include "master/mqtt/recorder.hpp"

namespace muster::mqtt {

KeptMessage::~KeptMessage() {
    recorder_.record(change::EraseMessage{key_});
}

void Recorder::record(StoreChange change) {
    if (store_ == nullptr) return;
    const std::size_t bytes = payer_ != nullptr ? bytesOf(change) : 0;
    store_->record(std::move(change));
    recorded_ = store_->recorded();
    if (payer_ == nullptr) return;
    payer_->settle(store_->committed());
    payer_->add(recorded_, bytes);
}

KeptMessagePtr Recorder::keep(const MessagePtr& message) {
    const std::uint64_t key = newKey();
    record(change::PutMessage{key, message});
    return std::make_shared<const KeptMessage>(*this, key);
}

}  // namespace muster::mqtt
