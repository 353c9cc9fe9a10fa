#include "master/mqtt/output_queue.hpp"

#include <utility>

namespace muster::mqtt {

namespace {

constexpr std::size_t kPieceSize = 256u << 10;  // a new piece begins when the last is this large

}  // namespace

std::string& OutputQueue::tail() {
    if (last_.size() >= kPieceSize) endPiece();
    return last_;
}

void OutputQueue::endPiece() {
    pieces_.push(Piece{std::exchange(last_, {}), {}, {}});
}

void OutputQueue::append(std::string_view data) {
    if (data.empty()) return;
    tail().append(data);
    bytes_ += data.size();
}

void OutputQueue::append(std::shared_ptr<const void> owner, std::string_view data) {
    if (data.size() < kShareFrom) return append(data);
    if (!last_.empty()) endPiece();
    pieces_.push(Piece{{}, std::move(owner), data});
    bytes_ += data.size();
}

void OutputQueue::peek(std::vector<std::string_view>& pieces, std::size_t most) const {
    pieces.clear();
    for (std::size_t i = 0; i < pieces_.size() && i < most; ++i)
        pieces.push_back(pieces_[i].view().substr(i == 0 ? sent_ : 0));
    if (pieces_.size() < most && !last_.empty())
        pieces.push_back(std::string_view(last_).substr(pieces_.empty() ? sent_ : 0));
}

void OutputQueue::consume(std::size_t count) {
    bytes_ -= count;
    consumed_ += count;
    count += sent_;
    while (!pieces_.empty() && count >= pieces_.front().view().size()) {
        count -= pieces_.front().view().size();
        pieces_.pop();
    }
    sent_ = count;
    if (bytes_ == 0) clear();
}

void OutputQueue::clear() {
    pieces_ = {};
    std::string().swap(last_);
    sent_ = 0;
    bytes_ = 0;
}

}  // namespace muster::mqtt
