#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/access_control.hpp"
#include "master/mqtt/codec.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::mqtt {

/// Who published a retained message. Shared by all of his; when his rights are taken away, none of
/// them is shown any more. The flag is the broker's thread's.
struct Publisher {
    ClientIdentity identity;
    mutable bool isRevoked = false;
};
using PublisherPtr = std::shared_ptr<const Publisher>;

/// What somebody publishes: views into the publisher's bytes, good for the call only.
struct PublishRequest {
    std::string_view topic;
    std::string_view payload;
    std::uint8_t qos = 0;
    bool retain = false;
    const Properties* properties = nullptr;  // null: none
    bool isTransient = false;  // retained: its publisher says it anew after a restart, store it not
    bool isForced = false;     // also while the store cannot be written: nobody could be told
};

/// A message that outlives its PUBLISH: queued, in flight or retained. Immutable and shared by all
/// who hold it.
struct RoutedMessage {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    bool isTransient = false;                      // as retained message: not in the store
    std::shared_ptr<const Properties> properties;  // null: none
    PublisherPtr publisher;                        // null: not retained
    std::optional<TimePoint> expires;

    std::size_t bytes() const noexcept;
    bool hasExpired(TimePoint now) const noexcept { return expires && *expires <= now; }
    /// As a retained message: expired, or of somebody whose rights were taken away.
    bool isGone(TimePoint now) const noexcept {
        return hasExpired(now) || (publisher && publisher->isRevoked);
    }
};
using MessagePtr = std::shared_ptr<const RoutedMessage>;

/// Of what they hold, about.
std::size_t bytesOf(const Properties& properties) noexcept;

class KeptMessage;
class Recorder;
using KeptMessagePtr = std::shared_ptr<const KeptMessage>;

MessagePtr makeMessage(const PublishRequest& request, TimePoint now,
                       PublisherPtr publisher = nullptr);

/// How one receiver gets a message.
struct DeliveryForm {
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    std::uint16_t packetId = 0;
    std::span<const std::uint32_t> subscriptionIds;
    std::uint16_t topicAlias = 0;  // of the receiver's connection; 0: none
    bool isTopicKnown = false;     // the alias stands in place of the topic
};

/// Appends everything of the PUBLISH but its payload.
void appendPublishHead(const RoutedMessage& message, const DeliveryForm& form, Version version,
                       TimePoint now, std::string& out);

/// One message on its way to its receivers. What is the same for several of them is made once: the
/// owned copy when the first one must keep it, the encoded head of QoS 0 for each version.
class Routing {
public:
    Routing(const PublishRequest& request, TimePoint now) : request_(request), now_(now) {}
    Routing(MessagePtr message, TimePoint now);

    std::string_view topic() const noexcept { return request_.topic; }
    std::string_view payload() const noexcept { return request_.payload; }
    const PublishRequest& request() const noexcept { return request_; }
    /// Of a retained message; before message().
    void setPublisher(PublisherPtr publisher) { publisher_ = std::move(publisher); }
    /// The owned copy.
    const MessagePtr& message();
    /// Where the store has it already.
    void setKept(KeptMessagePtr kept) { kept_ = std::move(kept); }
    /// Its place in the store, made at the first call.
    const KeptMessagePtr& kept(Recorder& recorder);
    /// Appends everything of the PUBLISH but its payload.
    void appendHead(const DeliveryForm& form, Version version, std::string& out);

private:
    void encodeHead(const DeliveryForm& form, Version version, std::string& out) const;

    PublishRequest request_;
    TimePoint now_;
    MessagePtr message_;
    PublisherPtr publisher_;
    KeptMessagePtr kept_;
    /// For QoS 0 without subscription identifiers; kept from the second receiver on.
    struct Head {
        bool isWantedAgain = false;
        std::string bytes;
    };
    Head heads_[4];  // by retain, and 3.x or 5
};

}  // namespace muster::mqtt
