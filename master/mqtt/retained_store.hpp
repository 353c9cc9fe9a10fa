#pragma once

#include "master/mqtt/recorder.hpp"
#include "master/mqtt/routed_message.hpp"
#include "master/mqtt/topic_filter.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace muster::mqtt {

/// The last retained message of each topic, bounded in number and bytes. Sorted by topic, so that a
/// search can stop anywhere and go on later although the store has changed. What is not transient
/// is recorded.
class RetainedStore {
public:
    /// `recorder` outlives it.
    RetainedStore(std::size_t maxMessages, std::size_t maxBytes, Recorder& recorder)
        : maxMessages_(maxMessages), maxBytes_(maxBytes), recorder_(recorder) {}

    /// Keeps `message` in place of the topic's earlier one; an empty payload removes it (MQTT 5,
    /// 3.3.1-6). False if the store is full; then the earlier one is gone too, since it is no
    /// longer what the topic says.
    bool put(MessagePtr message);
    /// From the store, in order of topic. Beyond the bounds too: nothing acknowledged is lost.
    void restore(MessagePtr message);

    /// Where a search stands. `after` is the topic looked at last; empty: at the beginning.
    struct Search {
        const TopicFilter& filter;
        std::string& after;
        TimePoint now;
        std::size_t mostSteps;  // topics to look at before pausing
    };
    /// Visits matching messages in order of topic until `visit` says false (it will see that one
    /// again), the steps are used up, or the end. True: at the end, nothing is left.
    bool visit(Search search, const std::function<bool(const MessagePtr&)>& visit) const;

    /// Removes what is gone (RoutedMessage::isGone) among the next `most` messages, going round.
    std::size_t sweep(TimePoint now, std::size_t most);

    std::size_t size() const noexcept { return messages_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    struct ByTopic {
        using is_transparent = void;
        bool operator()(const MessagePtr& a, const MessagePtr& b) const {
            return a->topic < b->topic;
        }
        bool operator()(const MessagePtr& a, std::string_view b) const { return a->topic < b; }
        bool operator()(std::string_view a, const MessagePtr& b) const { return a < b->topic; }
    };
    using Messages = std::set<MessagePtr, ByTopic>;
    Messages::iterator erase(Messages::iterator at);
    void recordErased(const RoutedMessage& message);

    std::size_t maxMessages_;
    std::size_t maxBytes_;
    Recorder& recorder_;
    std::size_t bytes_ = 0;
    Messages messages_;
    std::string sweptUpTo_;
};

}  // namespace muster::mqtt
