#pragma once

#include "master/mqtt/topic_filter.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::mqtt {

class Session;

/// How one subscription wants its messages.
struct SubscriptionOptions {
    std::uint8_t qos = 0;
    bool noLocal = false;
    bool retainAsPublished = false;
    std::uint32_t identifier = 0;  // Subscription Identifier; 0: none
};

/// One session's subscription at one place of the tree.
struct Subscriber {
    Session* session = nullptr;
    SubscriptionOptions options;
};

/// The subscribers of one `$share/NAME/FILTER`. `next` is where the search for the next receiver
/// begins; the router moves it.
struct SharedGroup : std::enable_shared_from_this<SharedGroup> {
    std::string name;
    std::string text;  // the whole `$share/NAME/FILTER`
    std::vector<Subscriber> members;
    std::size_t next = 0;
};

/// What a topic matched in one tree. Reused between calls, so that matching does not allocate; and
/// messages often come in bursts of one topic, which then are matched once.
struct SubscriptionMatches {
    std::string topic;
    std::uint64_t version = 0;                   // of the tree; 0: nothing was matched yet
    std::vector<const Subscriber*> subscribers;  // one session may stand here several times
    std::vector<SharedGroup*> groups;
};

/// All subscriptions of all sessions, by levels. Sessions are only addresses here. Pointers in
/// matches are good until the next add or remove.
class SubscriptionTree {
public:
    SubscriptionTree();
    ~SubscriptionTree();
    SubscriptionTree(const SubscriptionTree&) = delete;
    SubscriptionTree& operator=(const SubscriptionTree&) = delete;

    /// True if it is new; an identical filter of the same session is replaced.
    bool add(const TopicFilter& filter, Session& session, const SubscriptionOptions& options);
    /// False if there was none.
    bool remove(const TopicFilter& filter, Session& session);
    /// `matches` are this tree's own from an earlier call, or new.
    void match(std::string_view topic, SubscriptionMatches& matches) const;
    /// The group of a shared filter; null if it has no members.
    std::shared_ptr<SharedGroup> group(const TopicFilter& filter) const;
    std::size_t size() const noexcept { return size_; }

private:
    struct Node;
    static bool removeBelow(Node& node, std::string_view rest, const TopicFilter& filter,
                            const Session& session);
    static void matchBelow(const Node& node, std::string_view rest, bool isFirst,
                           SubscriptionMatches& matches);
    std::unique_ptr<Node> root_;
    std::size_t size_ = 0;
    std::uint64_t version_ = 1;  // rises with every change
};

}  // namespace muster::mqtt
