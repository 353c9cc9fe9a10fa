#include "master/mqtt/store_debt.hpp"

namespace muster::mqtt {

void StoreDebt::add(StorePosition position, std::size_t bytes) {
    if (parts_.empty() || parts_.back().bytes >= kPartBytes) parts_.emplace();
    Part& last = parts_.back();
    last.until = position;
    last.bytes += bytes;
    bytes_ += bytes;
}

void StoreDebt::settle(StorePosition committed) {
    while (!parts_.empty() && parts_.front().until <= committed) {
        bytes_ -= parts_.front().bytes;
        parts_.pop();
    }
}

}  // namespace muster::mqtt
