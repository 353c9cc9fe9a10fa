#include "master/console/pomelo_outbox.hpp"

#include <utility>

namespace muster {

Result<void> PomeloOutbox::makeRoom(std::size_t bytes, TimePoint now) {
    const auto isFull = [&] {
        return requests_.size() >= limits_.maxRequests || bytes_ + bytes > limits_.maxBytes;
    };
    if (isFull()) dropExpired(now);
    if (isFull()) return Error(Errc::Limit, "too many requests to this server have no answer yet");
    return {};
}

void PomeloOutbox::keep(Request request) {
    bytes_ += request.payload.size();
    requests_.emplace_hint(requests_.end(), request.id,
                           Kept{std::move(request.payload), request.deadline, request.slot});
}

std::optional<pomelo::ResultSlot> PomeloOutbox::answered(std::uint64_t id) {
    const auto found = requests_.find(id);
    if (found == requests_.end()) return std::nullopt;
    const auto slot = found->second.slot;
    erase(found);
    return slot;
}

std::vector<std::string> PomeloOutbox::comeBack(TimePoint now) {
    dropExpired(now);
    std::vector<std::string> payloads;
    for (auto& [id, kept] : requests_) {
        if (kept.payload.empty()) continue;
        bytes_ -= kept.payload.size();
        payloads.push_back(pomelo::asRepush(std::exchange(kept.payload, {}), id));
    }
    return payloads;
}

void PomeloOutbox::dropExpired(TimePoint now) {
    for (auto request = requests_.begin(); request != requests_.end();)
        request = request->second.deadline <= now ? erase(request) : std::next(request);
}

std::vector<std::uint64_t> PomeloOutbox::clear() {
    std::vector<std::uint64_t> ids;
    for (const auto& entry : requests_) ids.push_back(entry.first);
    requests_.clear();
    bytes_ = 0;
    return ids;
}

PomeloOutbox::Requests::iterator PomeloOutbox::erase(Requests::iterator request) {
    bytes_ -= request->second.payload.size();
    return requests_.erase(request);
}

}  // namespace muster
