// From a publisher to all receivers, and retained messages to new subscribers.
#include "master/mqtt/broker.hpp"

#include <algorithm>

namespace muster::mqtt {

namespace {

constexpr std::chrono::seconds kTellDropsEvery{10};  // of one session

/// The broker's own: whatever an AccessControl thinks, clients do not write these.
bool isSystemTopic(std::string_view topic) {
    return topic.starts_with("$SYS") && (topic.size() == 4 || topic[4] == '/');
}

}  // namespace

ReasonCode Broker::publish(const PublishRequest& request, const ClientIdentity& identity,
                           const Session* from) {
    if (isSystemTopic(request.topic) || !access_.mayPublish(identity, request.topic)) {
        ++counters_.publishesDenied;
        note({"deny", from != nullptr ? from->clientId() : identity.name, request.topic,
              request.payload.size(), request.qos, "publish"});
        if (observer_ != nullptr) observer_->accessDenied(identity, "publish to", request.topic);
        return ReasonCode::NotAuthorized;
    }
    return accept(request, from, request.retain ? publisherOf(identity) : nullptr);
}

ReasonCode Broker::accept(const PublishRequest& request, const Session* from,
                          PublisherPtr publisher) {
    if (trace_.isOn()) {
        const std::string_view client = from != nullptr ? from->clientId() : std::string_view();
        note({"publish", client, request.topic, request.payload.size(), request.qos,
              request.retain ? "retained" : ""});
    }
    Routing routing(request, now_);
    routing.setPublisher(std::move(publisher));
    collectTargets(routing, from);
    if (recorder_.isFailing() && needsStore(routing)) {
        ++counters_.storeRefused;
        return ReasonCode::QuotaExceeded;
    }
    const bool isKept = !request.retain || keepRetained(routing);
    const std::size_t receivers = deliverToTargets(routing);
    if (!isKept) return ReasonCode::QuotaExceeded;
    return receivers > 0 ? ReasonCode::Success : ReasonCode::NoMatchingSubscribers;
}

// While the store cannot be written: a promise could not be kept, and QoS 0 promises nothing.
bool Broker::needsStore(const Routing& routing) const {
    const PublishRequest& request = routing.request();
    if (request.qos == 0 || request.isForced) return false;
    if (request.retain && !request.isTransient) return true;
    return std::any_of(
        targets_.begin(), targets_.begin() + static_cast<std::ptrdiff_t>(targetCount_),
        [](const Target& target) { return target.qos > 0 && target.session->isKept(); });
}

// The role stays with the name: whoever gets another one has to be revoked first.
PublisherPtr Broker::publisherOf(const ClientIdentity& identity) {
    if (publishers_.size() >= publishersSweptAt_) {
        std::erase_if(publishers_, [](const auto& entry) { return entry.second.use_count() == 1; });
        publishersSweptAt_ = std::max(publishersSweptAt_, 2 * publishers_.size());
    }
    PublisherPtr& known = publishers_[identity.name];
    if (known == nullptr) known = std::make_shared<const Publisher>(Publisher{identity});
    return known;
}

bool Broker::keepRetained(Routing& routing) {
    const PublishRequest& request = routing.request();
    const bool mayRecord = !recorder_.isFailing() || request.isTransient || request.isForced;
    if (mayRecord && retained_.put(routing.message())) return true;
    ++counters_.retainedRefused;
    return false;
}

// Fills targets_. Nothing that is called until they are served may route again: matches_ and
// targets_ are in use.
void Broker::collectTargets(Routing& routing, const Session* from) {
    tree_.match(routing.topic(), matches_);
    ++routeMark_;
    targetCount_ = 0;
    for (const Subscriber* subscriber : matches_.subscribers) {
        if (subscriber->options.noLocal && subscriber->session == from) continue;
        addTarget(*subscriber);
    }
    for (SharedGroup* group : matches_.groups) {
        const Subscriber* chosen = choose(*group, routing.topic());
        if (chosen == nullptr) continue;
        // A shared subscription's copy is one of its own, never merged with others.
        chosen->session->routeMark = 0;
        addTarget(*chosen);
        targets_[targetCount_ - 1].group = group;
    }
}

std::size_t Broker::deliverToTargets(Routing& routing) {
    std::size_t receivers = 0;
    for (std::size_t i = 0; i < targetCount_; ++i) {
        if (deliver(routing, targets_[i])) ++receivers;
    }
    return receivers;
}

// Overlapping subscriptions of a session give one copy, at the highest QoS (MQTT 5, 3.3.4-2, -3).
void Broker::addTarget(const Subscriber& subscriber) {
    Session& session = *subscriber.session;
    const SubscriptionOptions& options = subscriber.options;
    if (session.routeMark != routeMark_) {
        session.routeMark = routeMark_;
        session.routeIndex = targetCount_++;
        if (targets_.size() < targetCount_) targets_.emplace_back();
        Target& fresh = targets_[session.routeIndex];
        fresh.session = &session;
        fresh.qos = options.qos;
        fresh.retainAsPublished = options.retainAsPublished;
        fresh.identifiers.clear();
        fresh.group = nullptr;
    }
    Target& target = targets_[session.routeIndex];
    target.qos = std::max(target.qos, options.qos);
    target.retainAsPublished = target.retainAsPublished || options.retainAsPublished;
    if (options.identifier != 0) target.identifiers.push_back(options.identifier);
}

// In turn among those who can take it now; else one who is slow; else, with nobody there, one who
// will be back (4.8.2).
const Subscriber* Broker::choose(SharedGroup& group, std::string_view topic) const {
    const std::size_t count = group.members.size();
    const Subscriber* slow = nullptr;
    const Subscriber* away = nullptr;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t index = (group.next + i) % count;
        const Subscriber& member = group.members[index];
        const Session& session = *member.session;
        if (!access_.mayRead(session.identity(), topic)) continue;
        if (session.isConnected() && session.outlet()->hasRoom() && !session.isQueueHalfFull()) {
            group.next = index + 1;
            return &member;
        }
        if (slow == nullptr && session.isConnected()) slow = &member;
        if (away == nullptr && member.options.qos > 0) away = &member;
    }
    return slow != nullptr ? slow : away;
}

// The right to read is asked for at every delivery, since it may have changed since SUBSCRIBE.
bool Broker::deliver(Routing& routing, const Target& target) {
    Session& session = *target.session;
    if (!access_.mayRead(session.identity(), routing.topic())) {
        ++counters_.deliveriesDenied;
        return false;
    }
    DeliveryForm form;
    form.qos = std::min(routing.request().qos, target.qos);
    form.retain = routing.request().retain && target.retainAsPublished;
    form.subscriptionIds = target.identifiers;
    return deliverTo(session, routing, form, target.group);
}

bool Broker::deliverTo(Session& session, Routing& routing, const DeliveryForm& form,
                       SharedGroup* group) {
    if (form.qos == 0) {
        if (!session.isConnected()) return false;  // QoS 0 is not kept for who is away
        if (session.outlet()->sendQos0(routing, form)) {
            noteDelivery("deliver", session, routing, 0, {});
            return true;
        }
        noteDelivery("drop", session, routing, 0, "its connection does not keep up");
        ++counters_.droppedQos0;
        noteDropped(session, "its connection does not keep up");
        return true;
    }
    Delivery delivery;
    delivery.message = routing.message();
    delivery.qos = form.qos;
    delivery.retain = form.retain;
    if (!form.subscriptionIds.empty() || group != nullptr) {
        delivery.extras = std::make_unique<DeliveryExtras>();
        delivery.extras->subscriptionIds.assign(form.subscriptionIds.begin(),
                                                form.subscriptionIds.end());
        if (group != nullptr) delivery.extras->group = group->shared_from_this();
    }
    if (session.isKept() && recorder_.isOn() && session.hasRoomFor(delivery))
        delivery.kept = routing.kept(recorder_);
    const bool isTaken = session.deliver(std::move(delivery));
    noteDelivery(isTaken ? "deliver" : "drop", session, routing, form.qos,
                 isTaken ? "" : "its queue is full");
    if (!isTaken) {
        ++counters_.droppedQueueFull;
        noteDropped(session, "its queue is full");
    }
    if (session.waitsForStore()) awaiting_.insert(&session);
    return true;
}

void Broker::noteDelivery(const char* what, const Session& session, const Routing& routing, int qos,
                          std::string_view detail) {
    if (trace_.isOn())
        note({what, session.clientId(), routing.topic(), routing.payload().size(), qos, detail});
}

void Broker::noteDropped(Session& session, std::string_view why) {
    // A queue at its bound takes one and loses one as fast as its client reads.
    const bool isNews = !session.dropToldAt || now_ - *session.dropToldAt >= kTellDropsEvery;
    if (!isNews || observer_ == nullptr) return;
    session.dropToldAt = now_;
    observer_->messageDropped(session.clientId(), why);
}

bool Broker::queueRetained(Session& session, const TopicFilter& filter, const Subscription& wish,
                           const SubscriptionOptions& options, bool isNew) {
    if (filter.isShared() || wish.retainHandling == 2) return false;
    if (wish.retainHandling == 1 && !isNew) return false;
    session.pendingRetained.removeIf(
        [&](const auto& pending) { return pending->filter.filter() == filter.filter(); });
    session.pendingRetained.push(
        std::make_unique<PendingRetained>(PendingRetained{filter, options, {}}));
    return true;
}

void Broker::pump(Session& session) {
    const auto payer = paidBy(&session);
    counters_.droppedExpired += session.pump(now_);
    if (session.waitsForStore()) awaiting_.insert(&session);
    while (!session.pendingRetained.empty() && session.isConnected()) {
        if (mustSparePending(session)) return;
        if (!sendRetained(session, *session.pendingRetained.front())) {
            if (!mustSparePending(session)) wantWork(session);  // only the slice is over
            return;
        }
        session.pendingRetained.pop();
    }
}

// No room: written output or an acknowledgement brings us back, or, of a session that is kept, the
// store, of which its name would ask too much.
bool Broker::mustSparePending(Session& session) {
    if (session.isKept() && recorder_.isOn()) {
        session.debt().settle(committed());
        if (session.debt().bytes() > limits_.maxUnstoredBytes ||
            (recorder_.isFailing() && recorder_.recorded() > committed())) {
            awaiting_.insert(&session);
            return true;
        }
    }
    return !session.outlet()->hasRoom() || session.isQueueHalfFull();
}

// False if the slice ended before the search did.
bool Broker::sendRetained(Session& session, PendingRetained& pending) {
    constexpr std::size_t kStepsPerMessage = 16;  // looking costs about that much less than sending
    std::size_t left = limits_.retainedSlice;
    RetainedStore::Search search{pending.filter, pending.after, now_,
                                 limits_.retainedSlice * kStepsPerMessage};
    return retained_.visit(search, [&](const MessagePtr& message) {
        if (left == 0 || mustSparePending(session)) return false;
        --left;
        sendOneRetained(session, message, pending.options);
        return true;
    });
}

void Broker::sendOneRetained(Session& session, const MessagePtr& message,
                             const SubscriptionOptions& options) {
    if (!access_.mayRead(session.identity(), message->topic)) {
        ++counters_.deliveriesDenied;
        return;
    }
    Routing routing(message, now_);
    DeliveryForm form;
    form.qos = std::min(message->qos, options.qos);
    form.retain = true;
    if (options.identifier != 0) form.subscriptionIds = {&options.identifier, 1};
    deliverTo(session, routing, form);
}

}  // namespace muster::mqtt
