#include "master/mqtt/outgoing_aliases.hpp"

namespace muster::mqtt {

namespace {

// Shorter ones gain nothing, an alias has three bytes; longer ones are no good use of memory for
// each connection.
constexpr std::size_t kShortest = 4, kLongest = 1024;

}  // namespace

void OutgoingAliases::choose(std::string_view topic, DeliveryForm& form) const {
    if (topic.size() < kShortest || topic.size() > kLongest) return;
    const auto known = aliases_.find(topic);
    form.isTopicKnown = known != aliases_.end();
    if (form.isTopicKnown) {
        form.topicAlias = known->second;
    } else if (aliases_.size() < maximum_) {
        form.topicAlias = static_cast<std::uint16_t>(aliases_.size() + 1);
    }
}

void OutgoingAliases::written(std::string_view topic, const DeliveryForm& form) {
    if (form.topicAlias != 0 && !form.isTopicKnown) aliases_.emplace(topic, form.topicAlias);
}

}  // namespace muster::mqtt
