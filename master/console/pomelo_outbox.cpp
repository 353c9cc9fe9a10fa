#include "master/console/pomelo_outbox.hpp"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr std::size_t kFewClosed = 32;  // too few to be worth moving the others

}  // namespace

Result<void> PomeloOutbox::makeRoom(std::size_t bytes, TimePoint now) {
    const auto isFull = [&] {
        return size_ >= limits_.maxRequests || bytes_ + bytes > limits_.maxBytes;
    };
    if (isFull()) dropExpired(now);
    if (isFull()) return Error(Errc::Limit, "too many requests to this server have no answer yet");
    return {};
}

void PomeloOutbox::keep(Request request) {
    bytes_ += request.payload.size();
    ++size_;
    requests_.push_back(
        {request.id, std::move(request.payload), request.deadline, request.slot, true});
}

std::optional<pomelo::ResultSlot> PomeloOutbox::answered(std::uint64_t id) {
    const auto begin = requests_.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto found =
        std::lower_bound(begin, requests_.end(), id,
                         [](const Kept& kept, std::uint64_t wanted) { return kept.id < wanted; });
    if (found == requests_.end() || found->id != id || !found->isOpen) return std::nullopt;
    const auto slot = found->slot;
    close(*found);
    tidyUp();
    return slot;
}

std::vector<std::string> PomeloOutbox::comeBack(TimePoint now) {
    dropExpired(now);
    std::vector<std::string> payloads;
    for (Kept& kept : requests_) {
        if (!kept.isOpen || kept.payload.empty()) continue;
        bytes_ -= kept.payload.size();
        payloads.push_back(pomelo::asRepush(std::exchange(kept.payload, {}), kept.id));
    }
    return payloads;
}

void PomeloOutbox::dropExpired(TimePoint now) {
    for (Kept& kept : requests_)
        if (kept.isOpen && kept.deadline <= now) close(kept);
    tidyUp();
}

std::vector<std::uint64_t> PomeloOutbox::clear() {
    std::vector<std::uint64_t> ids;
    for (const Kept& kept : requests_)
        if (kept.isOpen) ids.push_back(kept.id);
    std::vector<Kept>().swap(requests_);
    first_ = 0;
    size_ = 0;
    bytes_ = 0;
    return ids;
}

void PomeloOutbox::close(Kept& request) {
    bytes_ -= request.payload.size();
    std::string().swap(request.payload);
    request.isOpen = false;
    --size_;
}

void PomeloOutbox::tidyUp() {
    while (first_ < requests_.size() && !requests_[first_].isOpen) ++first_;
    if (requests_.size() - size_ > size_ + kFewClosed || size_ == 0) {
        std::erase_if(requests_, [](const Kept& kept) { return !kept.isOpen; });
        first_ = 0;
    }
    constexpr std::size_t kKeptCapacity = 64;
    if (requests_.empty() && requests_.capacity() > kKeptCapacity)
        std::vector<Kept>().swap(requests_);  // an idle server costs nothing
}

}  // namespace muster
