#include "master/mqtt/byte_stream.hpp"

namespace muster::mqtt {

namespace {

bool isOver(const ByteStream& stream) {
    return stream.state() == ByteStream::State::Ended ||
           stream.state() == ByteStream::State::Failed;
}

}  // namespace

void StackedStream::decode(std::string_view raw, std::string& plain) {
    scratch_.middle.clear();
    lower_->decode(raw, scratch_.middle);
    if (!scratch_.middle.empty()) upper_->decode(scratch_.middle, plain);
    lower_->encode(upper_->output());
}

void StackedStream::encode(OutputQueue& plain) {
    // What the upper one wrote before comes first, and may have filled the lower one's bound.
    lower_->encode(upper_->output());
    while (!plain.empty() && upper_->output().empty() &&
           upper_->state() == ByteStream::State::Open &&
           lower_->state() == ByteStream::State::Open && lower_->output().bytes() < kMostOutput) {
        upper_->encode(plain);
        lower_->encode(upper_->output());
    }
}

void StackedStream::finish() {
    upper_->finish();
    lower_->encode(upper_->output());
    lower_->finish();
}

ByteStream::State StackedStream::state() const noexcept {
    return isOver(*lower_) ? lower_->state() : upper_->state();
}

std::string_view StackedStream::reason() const noexcept {
    return isOver(*lower_) ? lower_->reason() : upper_->reason();
}

}  // namespace muster::mqtt
