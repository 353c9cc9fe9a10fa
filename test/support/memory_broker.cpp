#include "test/support/memory_broker.hpp"

#include <algorithm>
#include <utility>

namespace muster::test {
namespace {

std::string_view takeLevel(std::string_view& rest, bool& isLast) {
    const auto slash = rest.find('/');
    isLast = slash == std::string_view::npos;
    const auto level = rest.substr(0, slash);
    rest = isLast ? std::string_view() : rest.substr(slash + 1);
    return level;
}

}  // namespace

bool topicMatches(std::string_view filter, std::string_view topic) {
    bool isFilterDone = false;
    bool isTopicDone = false;
    while (!isFilterDone) {
        const auto wanted = takeLevel(filter, isFilterDone);
        if (wanted == "#") return true;
        if (isTopicDone) return false;
        const auto level = takeLevel(topic, isTopicDone);
        if (wanted != "+" && wanted != level) return false;
    }
    return isTopicDone;
}

std::unique_ptr<MemoryClient> MemoryBroker::makeClient() {
    return std::make_unique<MemoryClient>(*this);
}

bool MemoryBroker::connect(MemoryClient& client) {
    const std::string& id = client.options_.clientId;
    ++connects_;
    options_[id] = client.options_;
    if (const auto old = connected_.find(id); old != connected_.end() && old->second != &client)
        takeOver(id);
    connected_[id] = &client;
    return true;
}

void MemoryBroker::takeOver(const std::string& clientId) {
    const auto found = connected_.find(clientId);
    if (found == connected_.end()) return;
    MemoryClient& client = *found->second;
    leave(client, false);
    client.lost("session taken over", false);
}

void MemoryBroker::drop(const std::string& clientId, bool losesWill) {
    const auto found = connected_.find(clientId);
    if (found == connected_.end()) return;
    MemoryClient& client = *found->second;
    if (losesWill && client.options_.will) lostWills_.push_back(*client.options_.will);
    leave(client, losesWill);
    client.lost("connection lost", false);
}

void MemoryBroker::publishLostWill() {
    for (const auto& will : std::exchange(lostWills_, {})) (void)accept(will);
}

void MemoryBroker::setDown(bool isDown) {
    isDown_ = isDown;
    if (!isDown) return;
    const auto all = std::exchange(connected_, {});
    for (const auto& [id, client] : all) client->lost("broker down", false);
}

void MemoryBroker::refuse(const std::string& clientId, bool isRefused) {
    if (isRefused)
        refused_.insert(clientId);
    else
        refused_.erase(clientId);
}

void MemoryBroker::publish(const mqtt::Message& message) {
    (void)accept(message);
}

std::vector<mqtt::Message> MemoryBroker::takePublished() {
    return std::exchange(published_, {});
}

void MemoryBroker::leave(MemoryClient& client, bool isClean) {
    const auto found = connected_.find(client.options_.clientId);
    if (found == connected_.end() || found->second != &client) return;
    connected_.erase(found);
    if (!isClean && client.options_.will) (void)accept(*client.options_.will);
}

Result<mqtt::PublishOutcome> MemoryBroker::accept(const mqtt::Message& message) {
    if (denied_.count(message.topic) != 0) return Error(Errc::Denied, "not allowed");
    published_.push_back(message);
    if (message.retain && message.payload.empty())
        retained_.erase(message.topic);
    else if (message.retain)
        retained_[message.topic] = message;
    return route(message) == 0 ? mqtt::PublishOutcome::NoSubscriber
                               : mqtt::PublishOutcome::Delivered;
}

std::size_t MemoryBroker::route(const mqtt::Message& message) {
    std::size_t receivers = 0;
    for (const auto& [id, client] : connected_) {
        const auto& filters = client->filters_;
        if (std::none_of(filters.begin(), filters.end(), [&](const std::string& filter) {
                return topicMatches(filter, message.topic);
            }))
            continue;
        ++receivers;
        mqtt::Message copy = message;
        copy.retain = false;
        client->later([target = client, copy] { target->observer_->onMessage(copy); });
    }
    return receivers;
}

MemoryClient::~MemoryClient() {
    close();
}

// Runs only while this connection lasts.
void MemoryClient::later(std::function<void()> task) {
    broker_.loop_.post([alive = std::weak_ptr<bool>(alive_), task = std::move(task)] {
        if (!alive.expired()) task();
    });
}

void MemoryClient::connect(mqtt::ConnectOptions options, mqtt::ClientObserver& observer) {
    options_ = std::move(options);
    observer_ = &observer;
    backoff_ = options_.backoffFirst;
    later([this] { attempt(); });
}

void MemoryClient::attempt() {
    timer_ = 0;
    if (broker_.isDown_) return lost("nobody listens there", false);
    if (broker_.refused_.count(options_.clientId) != 0) return lost("not authorized", true);
    backoff_ = options_.backoffFirst;
    broker_.connect(*this);
    isUp_ = true;
    for (const std::string& filter : filters_) sendRetained(filter);
    observer_->onConnected(false);
}

void MemoryClient::lost(std::string_view reason, bool isRefused) {
    isUp_ = false;
    alive_ = std::make_shared<bool>(true);  // what was under way is gone
    later([this, why = std::string(reason), isRefused, open = std::exchange(unacknowledged_, {})] {
        for (const auto& [number, done] : open) done(Error(Errc::Closed, "connection lost"));
        retryAfter(isRefused ? options_.refusedDelay : backoff_);
        backoff_ = std::min(backoff_ * 2, options_.backoffCap);
        observer_->onLost(why, isRefused);
    });
}

void MemoryClient::retryAfter(std::chrono::milliseconds delay) {
    if (options_.backoffFirst.count() == 0) return;
    timer_ = broker_.loop_.after(delay, [this] { attempt(); });
}

void MemoryClient::publish(mqtt::Message message,
                           std::function<void(Result<mqtt::PublishOutcome>)> done) {
    if (!isUp_) {
        if (done) later([done] { done(Error(Errc::Closed, "not connected")); });
        return;
    }
    const std::uint64_t number = ++lastPublish_;
    if (done) unacknowledged_[number] = std::move(done);
    const auto outcome = broker_.accept(message);
    if (!broker_.areAcksHeld_) later([this, number, outcome] { acknowledge(number, outcome); });
}

void MemoryClient::acknowledge(std::uint64_t number, const Result<mqtt::PublishOutcome>& outcome) {
    const auto found = unacknowledged_.extract(number);
    if (!found.empty()) found.mapped()(outcome);
}

void MemoryClient::subscribe(std::string filter, int /*qos*/,
                             std::function<void(Result<void>)> done) {
    filters_.push_back(filter);
    if (!isUp_) return;
    if (done) later([done] { done({}); });
    sendRetained(filter);
}

void MemoryClient::sendRetained(const std::string& filter) {
    for (const auto& [topic, message] : broker_.retained_)
        if (topicMatches(filter, topic))
            later([this, copy = message] { observer_->onMessage(copy); });
}

void MemoryClient::unsubscribe(std::string filter) {
    filters_.erase(std::remove(filters_.begin(), filters_.end(), filter), filters_.end());
}

void MemoryClient::close() {
    if (timer_ != 0) broker_.loop_.cancel(std::exchange(timer_, 0));
    alive_ = std::make_shared<bool>(true);
    if (std::exchange(isUp_, false)) broker_.leave(*this, true);
}

}  // namespace muster::test
