#include "master/mqtt/routed_message.hpp"

#include "master/mqtt/recorder.hpp"

#include <utility>

namespace muster::mqtt {

namespace {

const Properties kNoProperties;

bool hasForwarded(const Properties& properties) {
    return properties.payloadFormat || properties.contentType || properties.responseTopic ||
           properties.correlationData || !properties.userProperties.empty();
}

// Only what goes on to receivers (MQTT 5, 3.3.2.3): aliases and identifiers are the publisher's
// own.
std::shared_ptr<const Properties> forwarded(const Properties* from) {
    if (from == nullptr || !hasForwarded(*from)) return nullptr;
    auto copy = std::make_shared<Properties>();
    copy->payloadFormat = from->payloadFormat;
    copy->contentType = from->contentType;
    copy->responseTopic = from->responseTopic;
    copy->correlationData = from->correlationData;
    copy->userProperties = from->userProperties;
    return copy;
}

std::optional<TimePoint> expiryOf(const PublishRequest& request, TimePoint now) {
    if (request.properties == nullptr || !request.properties->messageExpiry) return {};
    return now + std::chrono::seconds(*request.properties->messageExpiry);
}

// Rounded up, so that a message that was just published keeps its whole interval (3.3.2-6).
std::uint32_t secondsLeft(TimePoint expires, TimePoint now) {
    if (expires <= now) return 0;
    return static_cast<std::uint32_t>(
        std::chrono::ceil<std::chrono::seconds>(expires - now).count());
}

PublishHead headOf(std::string_view topic, const Properties* properties, const DeliveryForm& form) {
    PublishHead head;
    if (!form.isTopicKnown) head.topic = topic;
    head.topicAlias = form.topicAlias;
    head.qos = form.qos;
    head.retain = form.retain;
    head.dup = form.dup;
    head.packetId = form.packetId;
    head.properties = properties != nullptr ? properties : &kNoProperties;
    head.subscriptionIdentifiers = form.subscriptionIds;
    return head;
}

}  // namespace

std::size_t bytesOf(const Properties& properties) noexcept {
    std::size_t size = sizeof(Properties);
    size += properties.contentType ? properties.contentType->size() : 0;
    size += properties.responseTopic ? properties.responseTopic->size() : 0;
    size += properties.correlationData ? properties.correlationData->size() : 0;
    for (const auto& [key, value] : properties.userProperties) size += key.size() + value.size();
    return size;
}

std::size_t RoutedMessage::bytes() const noexcept {
    return topic.size() + payload.size() + (properties ? bytesOf(*properties) : 0);
}

void appendPublishHead(const RoutedMessage& message, const DeliveryForm& form, Version version,
                       TimePoint now, std::string& out) {
    PublishHead head = headOf(message.topic, message.properties.get(), form);
    if (message.expires) head.messageExpiry = secondsLeft(*message.expires, now);
    encodePublishHead(head, message.payload.size(), version, out);
}

MessagePtr makeMessage(const PublishRequest& request, TimePoint now, PublisherPtr publisher) {
    // Its members initialise themselves: zeroes before that would be for nothing.
    auto message = std::make_shared_for_overwrite<RoutedMessage>();
    message->topic = request.topic;
    message->payload = request.payload;
    message->qos = request.qos;
    message->retain = request.retain;
    message->isTransient = request.isTransient;
    message->publisher = std::move(publisher);
    message->properties = forwarded(request.properties);
    message->expires = expiryOf(request, now);
    return message;
}

Routing::Routing(MessagePtr message, TimePoint now)
    : request_{message->topic,  message->payload,          message->qos,
               message->retain, message->properties.get(), message->isTransient},
      now_(now),
      message_(std::move(message)) {}

const MessagePtr& Routing::message() {
    if (!message_) message_ = makeMessage(request_, now_, publisher_);
    return message_;
}

const KeptMessagePtr& Routing::kept(Recorder& recorder) {
    if (!kept_) kept_ = recorder.keep(message());
    return kept_;
}

void Routing::appendHead(const DeliveryForm& form, Version version, std::string& out) {
    if (form.qos > 0 || !form.subscriptionIds.empty() || form.topicAlias != 0)
        return encodeHead(form, version, out);
    auto& [isWantedAgain, head] = heads_[(form.retain ? 2U : 0U) + (version == Version::V5)];
    if (!std::exchange(isWantedAgain, true)) return encodeHead(form, version, out);
    if (head.empty()) encodeHead(form, version, head);
    out.append(head);
}

void Routing::encodeHead(const DeliveryForm& form, Version version, std::string& out) const {
    PublishHead head = headOf(request_.topic, request_.properties, form);
    const auto expires = message_ ? message_->expires : expiryOf(request_, now_);
    if (expires) head.messageExpiry = secondsLeft(*expires, now_);
    encodePublishHead(head, request_.payload.size(), version, out);
}

}  // namespace muster::mqtt
