#include "master/mqtt/session_store.hpp"

namespace muster::mqtt {
namespace {

constexpr std::size_t kChangeBytes = 100;  // what a change costs beside what it holds

struct HeldBytes {
    std::size_t operator()(const change::PutSession& put) const {
        const SessionRow& row = *put.row;
        const std::size_t own = sizeof row + row.clientId.size() + row.identity.name.size();
        if (!row.will) return own;
        return own + row.will->topic.size() + row.will->payload.size() +
               bytesOf(row.will->properties);
    }
    std::size_t operator()(const change::PutSubscription& put) const { return put.filter.size(); }
    std::size_t operator()(const change::EraseSubscription& erase) const {
        return erase.filter.size();
    }
    std::size_t operator()(const change::PutMessage& put) const { return put.content->bytes(); }
    std::size_t operator()(const change::PutDelivery& put) const {
        return sizeof(DeliveryRow) + put.row->sharedFilter.size() +
               put.row->subscriptionIds.size() * sizeof(std::uint32_t);
    }
    std::size_t operator()(const change::PutRetained& put) const { return put.content->bytes(); }
    std::size_t operator()(const change::EraseRetained& erase) const { return erase.topic.size(); }
    template <class Small>
    std::size_t operator()(const Small&) const {
        return 0;
    }
};

}  // namespace

std::size_t bytesOf(const StoreChange& change) {
    return kChangeBytes + std::visit(HeldBytes{}, change);
}

}  // namespace muster::mqtt
