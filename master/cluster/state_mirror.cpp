#include "master/cluster/state_mirror.hpp"

#include "common/log.hpp"
#include "common/wire/envelope.hpp"
#include "common/wire/json_scanner.hpp"

#include <iterator>

#include <fmt/format.h>

namespace muster {
namespace {

constexpr std::chrono::milliseconds kRetry{1'000};
constexpr std::string_view kBelow = "state/";
constexpr std::string_view kPrefixes[] = {"server/", "module/", "cron/"};  // what is mirrored
constexpr const char* kFilter = "/state/#";

bool isMirrored(std::string_view key) {
    for (const auto prefix : kPrefixes)
        if (key.starts_with(prefix) && key.find('/', prefix.size()) == std::string_view::npos)
            return key.size() > prefix.size();
    return false;
}

/// The record with the version and a time in front, unless it has a time of its own.
std::string bodyOf(const std::string& record, WallTime now) {
    std::string body = fmt::format(R"({{"v":{})", wire::kProtocolVersion);
    if (!wire::findMember(record, "time"))
        fmt::format_to(std::back_inserter(body), R"(,"time":"{}")", wire::formatTime(now));
    if (!wire::appendMembers(body, record, {"v"}))
        body.append(R"(,"value":)").append(wire::isValidJson(record) ? record : "null");
    return body += '}';
}

}  // namespace

StateMirror::StateMirror(EventLoop& loop, StateStore& store, mqtt::Client& client,
                         wire::Topics topics)
    : loop_(loop), store_(store), client_(client), topics_(std::move(topics)) {
    for (const auto prefix : kPrefixes)
        store_.watch(std::string(prefix), [this, isAlive = isAlive_](const auto& key, const auto&) {
            if (!*isAlive || !isMirrored(key)) return;
            dirty_.insert(key);
            pump();
        });
}

StateMirror::~StateMirror() {
    *isAlive_ = false;
    loop_.cancel(sweepTimer_);
    loop_.cancel(retryTimer_);
}

void StateMirror::connected() {
    if (isStopped_) return;
    ++connection_;
    isConnected_ = true;
    isSweeping_ = true;
    inFlight_ = 0;
    loop_.cancel(sweepTimer_);
    // Retained topics of the broker come in now; what the store does not know is cleared.
    client_.subscribe(topics_.root() + kFilter, 1);
    sweepTimer_ = loop_.after(kSweep, [this] {
        isSweeping_ = false;
        client_.unsubscribe(topics_.root() + kFilter);
    });
    markAll();
    pump();
}

void StateMirror::lost() {
    isConnected_ = false;
    isSweeping_ = false;
    inFlight_ = 0;
    loop_.cancel(sweepTimer_);
    loop_.cancel(retryTimer_);
    retryTimer_ = 0;
}

void StateMirror::stop() {
    lost();
    isStopped_ = true;
    dirty_.clear();
}

void StateMirror::markAll() {
    for (const auto prefix : kPrefixes)
        for (const auto& entry : store_.list(prefix))
            if (isMirrored(entry.key)) dirty_.insert(entry.key);
}

void StateMirror::message(const mqtt::Message& message) {
    if (!isSweeping_ || message.payload.empty()) return;
    auto key = topics_.relative(message.topic);
    if (!key || !key->starts_with(kBelow)) return;
    key->remove_prefix(kBelow.size());
    const bool isKnown = isMirrored(*key) && store_.get(*key).has_value();
    if (isKnown || key->empty()) return;
    log::info("state", "clearing the retained topic {}, which the store does not know",
              message.topic);
    dirty_.insert(std::string(*key));
    pump();
}

void StateMirror::pump() {
    if (isPumping_) return;  // a client may call back at once: the loop below goes on
    isPumping_ = true;
    while (isConnected_ && !isStopped_ && retryTimer_ == 0 && inFlight_ < kMaxInFlight &&
           !dirty_.empty()) {
        const std::string key = *dirty_.begin();
        dirty_.erase(dirty_.begin());
        publish(key);
    }
    isPumping_ = false;
}

mqtt::Message StateMirror::messageOf(const std::string& key) const {
    mqtt::Message message;
    // Keys are encoded as topics are, so they are not encoded again.
    message.topic = topics_.root() + "/" + std::string(kBelow) + key;
    message.qos = 1;
    message.retain = true;
    const auto entry = isMirrored(key) ? store_.get(key) : std::nullopt;
    if (entry) message.payload = bodyOf(entry->value, loop_.wallTime());
    return message;  // empty: erases the retained one (MQTT 5, 3.3.1.3)
}

void StateMirror::publish(const std::string& key) {
    ++inFlight_;
    client_.publish(messageOf(key),
                    [this, isAlive = isAlive_, key, connection = connection_](auto result) {
                        if (*isAlive && connection == connection_ && isConnected_)
                            published(key, static_cast<bool>(result));
                    });
}

void StateMirror::published(const std::string& key, bool isGood) {
    if (inFlight_ > 0) --inFlight_;
    if (!isGood) {
        // The client is full or the broker refuses: what is lost by a lost connection comes again
        // with the next connect.
        dirty_.insert(key);
        if (retryTimer_ == 0)
            retryTimer_ = loop_.after(kRetry, [this] {
                retryTimer_ = 0;
                pump();
            });
        return;
    }
    pump();
}

}  // namespace muster
