#include "master/console/topic_access.hpp"

#include <utility>

#include <fmt/core.h>

namespace muster {
namespace {

using mqtt::ReasonCode;
using Role = Identity::Role;

bool is(const mqtt::ClientIdentity& identity, Role role) {
    return identity.role == static_cast<int>(role);
}

/// Takes "<level>/" off the front of `rest`; what was there. Empty if there is no further level.
std::string_view takeLevel(std::string_view& rest) {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return {};
    const auto level = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    return level;
}

bool monitorMayPublish(std::string_view name, std::string_view rest) {
    const auto first = takeLevel(rest);
    if (first == "presence" || first == "metric") return rest == name;
    if (first == "bus") return !rest.empty();
    if (first == "log") return takeLevel(rest) == name && rest.find('/') == std::string_view::npos;
    if (first == "to") return takeLevel(rest) == "master" && rest == name;
    if (first == "event" || first == "reply") return !takeLevel(rest).empty() && rest == name;
    return false;
}

bool monitorMayRead(const mqtt::ClientIdentity& identity, std::string_view rest) {
    if (rest == "leader") return true;
    const auto first = takeLevel(rest);
    if (first == "presence") return rest == identity.name;
    if (first == "bus") return true;
    if (first == "reply") return takeLevel(rest) == identity.name;
    if (first != "to") return false;
    if (rest == "all") return true;
    const auto second = takeLevel(rest);
    if (second == "monitor") return rest == identity.name;
    return second == "type" && !identity.group.empty() && rest == identity.group;
}

/// What the broker tells of itself.
bool isOfBroker(std::string_view topic) {
    return topic.starts_with("$SYS/");
}

bool viewerMayRead(std::string_view name, std::string_view rest) {
    if (rest == "leader") return true;
    const auto first = takeLevel(rest);
    if (first == "reply") return takeLevel(rest) == name;
    return first == "presence" || first == "state" || first == "event" || first == "metric" ||
           first == "log";
}

/// Whether some topic name matches both filters.
bool overlap(std::string_view a, std::string_view b) {
    while (true) {
        if (a == "#" || b == "#") return true;
        const auto endA = a.find('/');
        const auto endB = b.find('/');
        const auto levelA = a.substr(0, endA);
        const auto levelB = b.substr(0, endB);
        if (levelA != levelB && levelA != "+" && levelB != "+") return false;
        if (endA == std::string_view::npos && endB == std::string_view::npos) return true;
        // "x/#" also matches "x" itself.
        if (endA == std::string_view::npos) return b.substr(endB + 1) == "#";
        if (endB == std::string_view::npos) return a.substr(endA + 1) == "#";
        a.remove_prefix(endA + 1);
        b.remove_prefix(endB + 1);
    }
}

}  // namespace

TopicAccess::TopicAccess(Authenticator& authenticator, Options options)
    : authenticator_(authenticator), options_(std::move(options)), topics_(options_.cluster) {}

mqtt::ClientIdentity TopicAccess::masterIdentity() {
    mqtt::ClientIdentity identity;
    identity.name = wire::kMasterName;
    identity.role = static_cast<int>(Role::Master);
    return identity;
}

void TopicAccess::authenticate(mqtt::Credentials credentials,
                               std::function<void(mqtt::AuthResult)> done) {
    if (options_.pomeloOnly) {
        mqtt::AuthResult refusal;
        refusal.code = ReasonCode::UseAnotherServer;
        refusal.detail = "this cluster uses an external broker: connect there";
        done(std::move(refusal));
        return;
    }
    if (const auto identity = certified(credentials)) return done(admit(credentials, *identity));
    std::string username = credentials.username.value_or("");
    std::string password = std::exchange(credentials.password, std::nullopt).value_or("");
    authenticator_.authenticate(
        std::move(username), std::move(password),
        [this, credentials = std::move(credentials),
         done = std::move(done)](const Identity& identity) { done(admit(credentials, identity)); });
}

/// Whom the client's certificate names. It is nobody else then: another user name is refused, and a
/// certificate that names two makes neither of them. No value: it says nothing.
std::optional<Identity> TopicAccess::certified(const mqtt::Credentials& credentials) const {
    if (!credentials.certificate) return std::nullopt;
    std::optional<Identity> found = authenticator_.certified(credentials.certificate->commonName);
    constexpr std::string_view kUri = "URI:";
    for (const std::string& name : credentials.certificate->alternativeNames) {
        if (!name.starts_with(kUri)) continue;
        auto other = authenticator_.certified(std::string_view(name).substr(kUri.size()));
        if (found && other && !(*found == *other)) return Identity{};
        if (!found) found = std::move(other);
    }
    const std::string username = credentials.username.value_or("");
    if (found && !username.empty() && username != found->name) return Identity{};
    return found;
}

mqtt::AuthResult TopicAccess::admit(const mqtt::Credentials& credentials,
                                    const Identity& identity) const {
    mqtt::AuthResult result;
    if (identity.role == Role::Denied || identity.role == Role::Master) {
        result.code = ReasonCode::BadUserNameOrPassword;
        result.detail = "wrong user name, password or token";
        if (credentials.certificate)
            result.detail += fmt::format(
                ", or not its certificate's (user name '{}', certificate "
                "of '{}')",
                credentials.username.value_or(""), credentials.certificate->commonName);
        return result;
    }
    const bool isMonitor = identity.role == Role::Monitor;
    const std::string& id = credentials.clientId;
    const bool isLeaders = id == "muster-" + options_.cluster + "-leader";
    const bool isForeign = isMonitor ? id != identity.name
                                     : isLeaders || id.starts_with("node-") ||
                                           (options_.isMemberId && options_.isMemberId(id));
    if (isForeign) {
        result.code = ReasonCode::ClientIdentifierNotValid;
        result.detail = isMonitor ? "a server's client id is its own id"
                                  : "this client id is reserved for a server";
        return result;
    }
    result.code = ReasonCode::Success;
    result.identity.name = identity.name;
    result.identity.role = static_cast<int>(identity.role);
    result.identity.group = identity.serverType;
    return result;
}

bool TopicAccess::mayPublish(const mqtt::ClientIdentity& identity, std::string_view topic) const {
    if (is(identity, Role::Master)) return true;
    const auto rest = topics_.relative(topic);
    if (!rest) return false;
    if (is(identity, Role::Monitor)) return monitorMayPublish(identity.name, *rest);
    std::string_view tail = *rest;
    return takeLevel(tail) == "to" && takeLevel(tail) == "master" && tail == identity.name;
}

bool TopicAccess::mayRead(const mqtt::ClientIdentity& identity, std::string_view topic) const {
    if (is(identity, Role::Master)) return true;
    const auto rest = topics_.relative(topic);
    if (!rest) return isOfBroker(topic) && !is(identity, Role::Monitor);
    if (is(identity, Role::Monitor)) return monitorMayRead(identity, *rest);
    return viewerMayRead(identity.name, *rest);
}

std::vector<std::string> TopicAccess::readable(const mqtt::ClientIdentity& identity) const {
    std::vector<std::string> filters = {topics_.leader(), topics_.reply(identity.name, "#")};
    if (!is(identity, Role::Monitor)) {
        filters.push_back("$SYS/#");
        for (const char* branch : {"presence", "state", "event", "metric", "log"})
            filters.push_back(topics_.root() + "/" + branch + "/#");
        return filters;
    }
    filters.push_back(topics_.presence(identity.name));
    filters.push_back(topics_.toMonitor(identity.name));
    filters.push_back(topics_.toAll());
    filters.push_back(topics_.root() + "/bus/#");
    if (!identity.group.empty()) filters.push_back(topics_.toType(identity.group));
    return filters;
}

bool TopicAccess::maySubscribe(const mqtt::ClientIdentity& identity,
                               std::string_view filter) const {
    if (is(identity, Role::Master)) return true;
    for (const auto& allowed : readable(identity))
        if (overlap(filter, allowed)) return true;
    return false;
}

bool TopicAccess::isStillGranted(const mqtt::ClientIdentity& identity) const {
    if (is(identity, Role::Admin)) return static_cast<bool>(authenticator_.levelOf(identity.name));
    return !is(identity, Role::Master);
}

std::string TopicAccess::responseInformation(const mqtt::ClientIdentity& identity) const {
    return topics_.root() + "/reply/" + identity.name;
}

}  // namespace muster
