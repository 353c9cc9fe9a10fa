#include "master/mqtt/subscription_tree.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

struct LevelHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view level) const noexcept {
        return std::hash<std::string_view>()(level);
    }
};

// Sorted by address: found quickly, and without a node of a hash map for each of many subscribers.
auto position(std::vector<Subscriber>& list, const Session& session) {
    return std::lower_bound(list.begin(), list.end(), &session,
                            [](const Subscriber& entry, const Session* wanted) {
                                return std::less<const Session*>()(entry.session, wanted);
                            });
}

bool insert(std::vector<Subscriber>& list, Session& session, const SubscriptionOptions& options) {
    const auto at = position(list, session);
    if (at != list.end() && at->session == &session) {
        at->options = options;
        return false;
    }
    list.insert(at, Subscriber{&session, options});
    return true;
}

bool erase(std::vector<Subscriber>& list, const Session& session) {
    const auto at = position(list, session);
    if (at == list.end() || at->session != &session) return false;
    list.erase(at);
    return true;
}

}  // namespace

struct SubscriptionTree::Node {
    std::unordered_map<std::string, std::unique_ptr<Node>, LevelHash, std::equal_to<>> children;
    std::unique_ptr<Node> plus;
    std::unique_ptr<Node> hash;
    std::vector<Subscriber> subscribers;
    std::vector<std::shared_ptr<SharedGroup>> groups;

    bool isEmpty() const {
        return children.empty() && !plus && !hash && subscribers.empty() && groups.empty();
    }
    Node* find(std::string_view level) const {
        if (level == "+") return plus.get();
        if (level == "#") return hash.get();
        const auto found = children.find(level);
        return found == children.end() ? nullptr : found->second.get();
    }
    Node& make(std::string_view level) {
        auto& slot = level == "+" ? plus : level == "#" ? hash : children[std::string(level)];
        if (!slot) slot = std::make_unique<Node>();
        return *slot;
    }
    void drop(std::string_view level) {
        if (level == "+") {
            plus.reset();
        } else if (level == "#") {
            hash.reset();
        } else {
            children.erase(children.find(level));
        }
    }
    SharedGroup& group(const TopicFilter& filter) {
        for (auto& known : groups) {
            if (known->name == filter.shareName()) return *known;
        }
        groups.push_back(std::make_shared<SharedGroup>());
        SharedGroup& fresh = *groups.back();
        fresh.name = filter.shareName();
        fresh.text = "$share/" + fresh.name + "/" + filter.filter();
        return fresh;
    }
    bool removeShared(const std::string& name, const Session& session) {
        const auto found = std::find_if(groups.begin(), groups.end(),
                                        [&](const auto& known) { return known->name == name; });
        if (found == groups.end() || !erase((*found)->members, session)) return false;
        if ((*found)->members.empty()) groups.erase(found);
        return true;
    }
    void collect(SubscriptionMatches& matches) const {
        for (const Subscriber& entry : subscribers) matches.subscribers.push_back(&entry);
        for (const auto& shared : groups) matches.groups.push_back(shared.get());
    }
};

SubscriptionTree::SubscriptionTree() : root_(std::make_unique<Node>()) {}
SubscriptionTree::~SubscriptionTree() = default;

bool SubscriptionTree::add(const TopicFilter& filter, Session& session,
                           const SubscriptionOptions& options) {
    ++version_;
    Node* node = root_.get();
    std::string_view rest = filter.filter();
    while (rest.data() != nullptr) node = &node->make(takeLevel(rest));
    auto& list = filter.isShared() ? node->group(filter).members : node->subscribers;
    const bool isNew = insert(list, session, options);
    if (isNew) ++size_;
    return isNew;
}

bool SubscriptionTree::remove(const TopicFilter& filter, Session& session) {
    ++version_;
    if (!removeBelow(*root_, filter.filter(), filter, session)) return false;
    --size_;
    return true;
}

// Recursion is as deep as the filter, which has at most kMaxTopicLevels levels.
bool SubscriptionTree::removeBelow(Node& node, std::string_view rest, const TopicFilter& filter,
                                   const Session& session) {
    if (rest.data() == nullptr) {
        return filter.isShared() ? node.removeShared(filter.shareName(), session)
                                 : erase(node.subscribers, session);
    }
    const std::string_view level = takeLevel(rest);
    Node* child = node.find(level);
    if (child == nullptr || !removeBelow(*child, rest, filter, session)) return false;
    if (child->isEmpty()) node.drop(level);
    return true;
}

std::shared_ptr<SharedGroup> SubscriptionTree::group(const TopicFilter& filter) const {
    const Node* node = root_.get();
    std::string_view rest = filter.filter();
    while (rest.data() != nullptr && node != nullptr) node = node->find(takeLevel(rest));
    if (node == nullptr) return nullptr;
    for (const auto& known : node->groups) {
        if (known->name == filter.shareName()) return known;
    }
    return nullptr;
}

void SubscriptionTree::match(std::string_view topic, SubscriptionMatches& matches) const {
    if (matches.version == version_ && matches.topic == topic) return;
    matches.version = version_;
    matches.topic = topic;
    matches.subscribers.clear();
    matches.groups.clear();
    if (!topic.empty()) matchBelow(*root_, topic, true, matches);
}

void SubscriptionTree::matchBelow(const Node& node, std::string_view rest, bool isFirst,
                                  SubscriptionMatches& matches) {
    if (rest.data() == nullptr) {
        node.collect(matches);
        if (node.hash) node.hash->collect(matches);  // `a/#` matches `a`
        return;
    }
    const bool allowsWildcard = !isFirst || rest[0] != '$';  // 4.7.2-1
    const std::string_view level = takeLevel(rest);
    if (allowsWildcard && node.hash) node.hash->collect(matches);
    if (allowsWildcard && node.plus) matchBelow(*node.plus, rest, false, matches);
    const auto found = node.children.find(level);
    if (found != node.children.end()) matchBelow(*found->second, rest, false, matches);
}

}  // namespace muster::mqtt
