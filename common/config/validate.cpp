#include "common/config/draft.hpp"
#include "common/config/hosts.hpp"
#include "common/config/listeners.hpp"
#include "common/wire/topics.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/core.h>
#include <unistd.h>

namespace muster::config {
namespace {

const std::vector<std::string> kReservedNames = {"master", "anonymous", "admin"};
const std::vector<std::string> kReservedTypes = {"master", "node"};

bool isOneOf(const std::string& word, const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

const char* const kIdRule = "use 1 to 64 of A-Z a-z 0-9 . _ - (it names topics and files)";

void checkServerNames(Draft& draft) {
    std::map<std::string, std::size_t> seen;
    std::map<std::string, std::size_t> users;
    for (std::size_t i = 0; i < draft.cluster.users.size(); ++i)
        users.try_emplace(draft.cluster.users[i].username, i);
    for (std::size_t i = 0; i < draft.cluster.servers.size(); ++i) {
        const std::string& id = draft.cluster.servers[i].id;
        Place place = draft.servers[i];
        place.pointer += "/id";
        if (!wire::isValidId(id)) {
            draft.problems.error(place,
                                 fmt::format("\"{}\" is no id: {}", id.substr(0, 100), kIdRule));
            continue;
        }
        const auto [first, isNew] = seen.try_emplace(id, i);
        const int firstLine = draft.servers[first->second].line;
        if (!isNew)
            draft.problems.error(
                place,
                firstLine == 0
                    ? fmt::format("there is a server \"{}\" already: choose another id", id)
                    : fmt::format("the id \"{}\" is used twice, first in line {}: rename one", id,
                                  firstLine));
        // Host agents are called node-<host>.
        if (isOneOf(id, kReservedNames) || id.starts_with("node-") || id == draft.cluster.masterId)
            draft.problems.error(place,
                                 fmt::format("the id \"{}\" is reserved: rename the server", id));
        const auto user = users.find(id);
        if (user != users.end())
            draft.problems.error(place, fmt::format("\"{}\" is also the name of a user ({} {}), "
                                                    "and they share one name space: rename one",
                                                    id, draft.users[user->second].file,
                                                    lineText(draft.users[user->second])));
    }
}

void checkServerPorts(Draft& draft) {
    std::map<std::pair<std::string, int>, std::string> used;
    for (std::size_t i = 0; i < draft.cluster.listeners.size(); ++i) {
        const auto& listener = draft.cluster.listeners[i];
        if (listener.port != 0)
            used.try_emplace({hostKey(listener.host), listener.port},
                             fmt::format("the master's listener ({} {})", draft.listeners[i].file,
                                         lineText(draft.listeners[i])));
    }
    const auto claim = [&](std::size_t i, const char* key, int port) {
        if (port == 0) return;
        const Server& server = draft.cluster.servers[i];
        const auto [first, isNew] = used.try_emplace(
            {hostKey(server.host), port},
            draft.servers[i].line == 0
                ? server.id
                : fmt::format("{} ({}, {})", server.id, key, lineText(draft.servers[i])));
        if (isNew) return;
        Place place = draft.servers[i];
        place.pointer += std::string("/") + key;
        draft.problems.error(
            place, fmt::format("{}:{} of {} is also used by {}: choose another port", server.host,
                               port, server.id, first->second));
    };
    for (std::size_t i = 0; i < draft.cluster.servers.size(); ++i) {
        const Server& server = draft.cluster.servers[i];
        claim(i, "port", server.port);
        claim(i, "clientPort", server.clientPort);
        if (server.cpu && !mayBind(server, draft.cluster))
            draft.problems.warn(
                {draft.servers[i].file, draft.servers[i].line, draft.servers[i].pointer + "/cpu"},
                fmt::format("this host has no processor {} to bind {} to: it runs on any",
                            *server.cpu, server.id));
    }
}

void checkServerTypes(Draft& draft) {
    for (const auto& [type, place] : draft.serverTypes) {
        if (!wire::isValidId(type))
            draft.problems.error(place, fmt::format("\"{}\" is no name of a type: {}",
                                                    type.substr(0, 100), kIdRule));
        if (isOneOf(type, kReservedTypes))
            draft.problems.error(place,
                                 fmt::format("the type \"{}\" is reserved: rename it", type));
        const auto& tokens = draft.cluster.serverTokens;
        const bool hasToken =
            std::any_of(tokens.begin(), tokens.end(),
                        [&name = type](const auto& token) { return token.type == name; });
        if (draft.cluster.hasServerTokens && !hasToken)
            draft.problems.warn(place, fmt::format("adminServer.json has no token for type \"{}\": "
                                                   "its servers will be refused; add one",
                                                   type));
    }
}

void checkUsers(Draft& draft) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < draft.cluster.users.size(); ++i) {
        const std::string& name = draft.cluster.users[i].username;
        Place place = draft.users[i];
        place.pointer += "/username";
        if (name.empty()) continue;  // reported when it was read
        const auto [first, isNew] = seen.try_emplace(name, i);
        if (!isNew)
            draft.problems.error(
                place, fmt::format("the user name \"{}\" is used twice, first in {}: rename one",
                                   name, lineText(draft.users[first->second])));
        if (name == wire::kMasterName || name == wire::kAnonymousName)
            draft.problems.error(
                place, fmt::format("the user name \"{}\" is reserved: rename the user", name));
        if (!wire::isValidId(name))
            draft.problems.error(
                place, fmt::format("\"{}\" is no user name: {}", name.substr(0, 100), kIdRule));
    }
}

void checkTokens(Draft& draft) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < draft.cluster.serverTokens.size(); ++i) {
        const auto [first, isNew] = seen.try_emplace(draft.cluster.serverTokens[i].type, i);
        if (!isNew && !first->first.empty())
            draft.problems.error(
                draft.tokens[i],
                fmt::format("type \"{}\" has two tokens, the first in {}: remove one", first->first,
                            lineText(draft.tokens[first->second])));
    }
}

/// pomelo-scheduler's six fields; which values fire is the scheduler's matter.
bool isCronTime(const std::string& time) {
    if (time.find_first_not_of("0123456789*/,- ") != std::string::npos) return false;
    if (time.empty() || time.front() == ' ' || time.back() == ' ') return false;
    return std::count(time.begin(), time.end(), ' ') == 5 && time.find("  ") == std::string::npos;
}

void checkCrons(Draft& draft) {
    std::set<std::pair<std::string, std::string>> seen;
    std::set<std::string> ids;
    for (const auto& server : draft.cluster.servers) ids.insert(server.id);
    for (std::size_t i = 0; i < draft.cluster.crons.size(); ++i) {
        const Cron& cron = draft.cluster.crons[i];
        const Place& place = draft.crons[i];
        const auto error = [&](const char* key, std::string text) {
            draft.problems.error({place.file, place.line, place.pointer + key}, std::move(text));
        };
        if (!cron.time.empty() && !isCronTime(cron.time))
            error("/time",
                  fmt::format("\"{}\" is no cron time: six fields (second minute hour day month "
                              "weekday) with one space between, like \"0 0/5 * * * *\"",
                              cron.time.substr(0, 100)));
        if (!draft.serverTypes.contains(cron.serverType))
            error("", fmt::format("servers.json has no type \"{}\": correct the name",
                                  cron.serverType));
        if (!cron.serverId.empty() && !ids.contains(cron.serverId))
            error("/serverId",
                  fmt::format("servers.json has no server \"{}\": correct the id", cron.serverId));
        if (!cron.id.empty() && !seen.insert({cron.serverType, cron.id}).second)
            error("/id",
                  fmt::format("the id {} is used twice for type \"{}\": number them differently",
                              cron.id, cron.serverType));
    }
}

void checkStateDirectory(Draft& draft) {
    std::error_code ignored;
    const std::filesystem::path path = draft.cluster.stateDirectory;
    if (!std::filesystem::exists(path, ignored) || std::filesystem::is_directory(path, ignored))
        return;
    draft.problems.error(
        draft.stateDirectory.value_or(Place{path.string(), 0, ""}),
        fmt::format("{} is no directory: name another one, or remove the file", path.string()));
}

void checkBroker(Draft& draft) {
    const ExternalBroker& broker = draft.cluster.broker;
    if (!draft.broker) return;
    const auto error = [&](const char* key, std::string text) {
        draft.problems.error({draft.broker->file, draft.broker->line, draft.broker->pointer + key},
                             std::move(text));
    };
    if (!broker.url.empty() && !isBrokerUrl(broker.url))
        error("/url",
              fmt::format(
                  "\"{}\" is no address of a broker: write mqtt://host:port or mqtts://host:port",
                  broker.url.substr(0, 200)));
    if (broker.certFile.empty() != broker.keyFile.empty())
        error("", "certFile and keyFile belong together: give both or none");
    for (const auto* file : {&broker.caFile, &broker.certFile, &broker.keyFile})
        if (!file->empty() && ::access(file->c_str(), R_OK) != 0)
            error("",
                  fmt::format("the file {} cannot be read: correct its path or its mode", *file));
}

}  // namespace

bool isBrokerUrl(std::string_view url) {
    const std::size_t scheme = url.starts_with("mqtt://") ? 7 : url.starts_with("mqtts://") ? 8 : 0;
    if (scheme == 0) return false;
    url.remove_prefix(scheme);
    const std::size_t colon = url.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    if (url.find_first_of("/@? \t\r\n") != std::string_view::npos) return false;
    const std::string_view port = url.substr(colon + 1);
    int number = 0;
    const auto result = std::from_chars(port.data(), port.data() + port.size(), number);
    return result.ec == std::errc() && result.ptr == port.data() + port.size() && number >= 1 &&
           number <= 65535;
}

void validateServers(Draft& draft) {
    checkServerNames(draft);
    checkServerPorts(draft);
}

void validate(Draft& draft) {
    if (!wire::isValidId(draft.cluster.name))
        draft.problems.error(draft.clusterName.value_or(Place{}),
                             fmt::format("\"{}\" is no name of a cluster: {}",
                                         draft.cluster.name.substr(0, 100), kIdRule));
    checkStateDirectory(draft);
    validateListeners(draft);
    checkBroker(draft);
    validateServers(draft);
    checkServerTypes(draft);
    validateTypes(draft);
    checkUsers(draft);
    checkTokens(draft);
    checkCrons(draft);
}

}  // namespace muster::config
