#include "master/mqtt/admission.hpp"

namespace muster::mqtt {

std::string_view Admission::addressOf(std::string_view peer) noexcept {
    return peer.substr(0, peer.rfind(':'));
}

std::size_t Admission::ofAddress(std::string_view peer) const {
    const auto found = byAddress_.find(std::string(addressOf(peer)));
    return found == byAddress_.end() ? 0 : found->second;
}

void Admission::went(std::string_view peer) {
    const auto found = byAddress_.find(std::string(addressOf(peer)));
    if (found != byAddress_.end() && --found->second == 0) byAddress_.erase(found);
}

}  // namespace muster::mqtt
