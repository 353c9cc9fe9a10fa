#include "common/log.hpp"
#include "common/wire/json_scanner.hpp"
#include "master/console/master_agent.hpp"

#include <cstring>

#include <fmt/format.h>

namespace muster {
namespace {

constexpr std::string_view kLog = "agent";
constexpr std::string_view kPresence = "presence/";
constexpr std::string_view kToMaster = "to/master/";
constexpr std::string_view kReplyToMaster = "reply/master/";
constexpr std::chrono::seconds kBetweenWarnings{1};

/// Whether `topic` matches `filter` (MQTT 5, 4.7).
bool matches(std::string_view filter, std::string_view topic) {
    while (!filter.empty()) {
        if (filter == "#") return true;
        const std::size_t filterEnd = std::min(filter.find('/'), filter.size());
        const std::size_t topicEnd = std::min(topic.find('/'), topic.size());
        const std::string_view level = filter.substr(0, filterEnd);
        if (level != "+" && level != topic.substr(0, topicEnd)) return false;
        const bool filterGoesOn = filterEnd < filter.size();
        const bool topicGoesOn = topicEnd < topic.size();
        if (!filterGoesOn || !topicGoesOn)  // "a/#" matches "a" too
            return filterGoesOn == topicGoesOn ||
                   (filterGoesOn && filter.substr(filterEnd) == "/#");
        filter.remove_prefix(filterEnd + 1);
        topic.remove_prefix(topicEnd + 1);
    }
    return false;
}

Result<JsonText> resultOf(wire::Answer answer) {
    if (answer.error) return *std::move(answer.error);
    return std::move(answer.body);
}

}  // namespace

void MasterAgentImpl::onConnected(bool /*sessionPresent*/) {
    isConnected_ = true;
    log::info(kLog, "connected to the broker");
    doubtMembers();
    republishPomelo();
    for (const auto& listener : connectionListeners_) listener(true);
}

void MasterAgentImpl::onLost(std::string_view reason, bool refused) {
    isConnected_ = false;
    forgetHearsay();
    log::warn(kLog, "lost the broker: {}{}", reason, refused ? " (refused)" : "");
    for (const auto& listener : connectionListeners_) listener(false);
}

void MasterAgentImpl::onMessage(const mqtt::Message& message) {
    const auto relative = topics_.relative(message.topic);
    if (!relative || isStopped_) return;
    const auto below = [&relative](std::string_view prefix) {
        return relative->starts_with(prefix) ? relative->substr(prefix.size()) : std::string_view();
    };
    if (const auto sender = below(kReplyToMaster); !sender.empty()) return onReply(sender, message);
    if (const auto sender = below(kToMaster); !sender.empty()) return onToMaster(sender, message);
    if (const auto id = below(kPresence); !id.empty()) return onPresenceMessage(id, message);
    for (const auto& [filter, listener] : topicListeners_)
        if (matches(filter, *relative)) listener(*relative, message);
}

void MasterAgentImpl::onReply(std::string_view level, const mqtt::Message& message) {
    if (message.correlationData.size() != sizeof(std::uint64_t)) {
        auto answer = wire::decodeAnswer(message.payload);
        if (answer && orderListener_)
            return orderListener_(level, message.correlationData, *answer);
        ++counters_.badMessages;
        return;
    }
    std::uint64_t id = 0;
    std::memcpy(&id, message.correlationData.data(), sizeof id);
    const auto reply = requests_.take(id, level);  // nobody answers for another
    if (!reply) {
        ++counters_.lateAnswers;
        return;
    }
    auto answer = wire::decodeAnswer(message.payload);
    if (answer) return (*reply)(resultOf(*std::move(answer)));
    ++counters_.badMessages;
    (*reply)(answer.error());
}

void MasterAgentImpl::onToMaster(std::string_view level, const mqtt::Message& message) {
    if (epoch_ < 1 || dispatcher_ == nullptr) return;  // the leader answers
    const auto sender = wire::percentDecode(level);
    if (!sender) return;
    if (!message.responseTopic.empty()) {
        const auto reply = topics_.relative(message.responseTopic);
        if (!reply || !reply->starts_with(fmt::format("reply/{}/", level)) ||
            reply->find_first_of("+#") != std::string_view::npos) {
            ++counters_.foreignReplyTopics;
            if (mayWarn())
                log::warn(kLog, "{} wants its answer at {}: refused, it must be below reply/{}/",
                          *sender, message.responseTopic, level);
            return;
        }
    }
    const auto envelope = wire::decodeEnvelope(message.payload);
    if (!envelope) {
        ++counters_.badMessages;
        if (mayWarn()) log::warn(kLog, "bad message of {}: {}", *sender, envelope.error().detail());
        if (const Reply reply = answerTo(message)) reply(envelope.error());
        return;
    }
    deliver(*sender, *envelope, answerTo(message), message);
}

void MasterAgentImpl::deliver(const std::string& sender, const wire::Envelope& envelope,
                              Reply reply, const mqtt::Message& message) {
    if (const Member* member = members_.find(sender); member != nullptr && !member->server.isPomelo)
        return dispatcher_->fromMonitor(member->server, envelope.moduleId, envelope.body,
                                        std::move(reply));
    const auto level = authenticator_.levelOf(sender);
    if (!level) {
        ++counters_.unknownSenders;
        if (reply) reply(Error(Errc::UnknownServer, fmt::format("{} is not registered", sender)));
        return;
    }
    std::string clientId = sender;
    if (const auto address = topics_.relative(message.responseTopic))
        clientId = address->substr(std::string_view("reply/").size());
    const Caller caller{sender, std::move(clientId), *level};
    if (!envelope.command.empty())
        return dispatcher_->command(caller, envelope.command, envelope.moduleId, std::move(reply));
    dispatcher_->fromClient(caller, envelope.moduleId, envelope.body, std::move(reply));
}

/// Empty for a notify.
Reply MasterAgentImpl::answerTo(const mqtt::Message& message) {
    if (message.responseTopic.empty()) return {};
    return [this, alive = std::weak_ptr<bool>(alive_), topic = message.responseTopic,
            correlation = message.correlationData](Result<JsonText> result) {
        if (!alive.expired()) publishAnswer(topic, correlation, std::move(result));
    };
}

void MasterAgentImpl::publishAnswer(std::string topic, std::string correlation,
                                    Result<JsonText> result) {
    if (!isConnected_) return;
    wire::Answer answer;
    if (result)
        answer.body = *std::move(result);
    else
        answer.error = result.error();
    mqtt::Message message;
    message.topic = std::move(topic);
    message.payload = wire::encode(answer, loop_.wallTime());
    message.qos = 1;
    message.correlationData = std::move(correlation);
    client_.publish(std::move(message));
}

/// At most one line a second about what others do wrong; the counters have it all.
bool MasterAgentImpl::mayWarn() {
    const TimePoint now = loop_.now();
    if (lastWarning_ && now - *lastWarning_ < kBetweenWarnings) return false;
    lastWarning_ = now;
    return true;
}

void MasterAgentImpl::onMember(std::function<void(MemberEvent, const ServerInfo&)> listener) {
    memberListeners_.push_back(std::move(listener));
}

void MasterAgentImpl::onPresence(PresenceListener listener) {
    presenceListeners_.push_back(std::move(listener));
}

void MasterAgentImpl::onConnection(std::function<void(bool)> listener) {
    connectionListeners_.push_back(std::move(listener));
}

void MasterAgentImpl::subscribe(std::string relativeFilter, TopicListener listener) {
    client_.subscribe(fmt::format("{}/{}", topics_.root(), relativeFilter), 1,
                      [relativeFilter](const Result<void>& granted) {
                          if (!granted && granted.error().code() == Errc::Denied)
                              log::error(kLog, "the broker refuses the subscription to {}: {}",
                                         relativeFilter, granted.error().detail());
                      });
    listen(std::move(relativeFilter), std::move(listener));
}

void MasterAgentImpl::listen(std::string relativeFilter, TopicListener listener) {
    topicListeners_.emplace_back(std::move(relativeFilter), std::move(listener));
}

void MasterAgentImpl::onPomeloAnswer(std::string_view id, std::uint64_t requestId,
                                     Result<JsonText> answer) {
    if (const auto reply = requests_.take(requestId, id))
        (*reply)(std::move(answer));
    else
        ++counters_.lateAnswers;
}

void MasterAgentImpl::onPomeloMessage(std::string_view id, std::string_view moduleId,
                                      const JsonText& body, Reply reply) {
    const Member* member = members_.find(id);
    if (member != nullptr && dispatcher_ != nullptr)
        return dispatcher_->fromMonitor(member->server, moduleId, body, std::move(reply));
    if (reply) reply(Error(Errc::UnknownServer, fmt::format("{} is not registered", id)));
}

void MasterAgentImpl::onPomeloClientMessage(const Caller& caller, std::string_view moduleId,
                                            const JsonText& body, Reply reply) {
    if (dispatcher_ != nullptr)
        return dispatcher_->fromClient(caller, moduleId, body, std::move(reply));
    if (reply) reply(Error(Errc::Closed, "the master is not started"));
}

void MasterAgentImpl::onPomeloClientCommand(const Caller& caller, std::string_view command,
                                            std::string_view moduleId, Reply reply) {
    if (dispatcher_ != nullptr)
        return dispatcher_->command(caller, command, moduleId, std::move(reply));
    if (reply) reply(Error(Errc::Closed, "the master is not started"));
}

}  // namespace muster
