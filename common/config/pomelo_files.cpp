#include "common/config/draft.hpp"
#include "common/config/server_entry.hpp"

#include <regex>

#include <fmt/core.h>

namespace muster::config {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kMaxServers = 10'000;
constexpr std::size_t kMaxEntries = 10'000;  // users, tokens, crons

/// The string member `key` of `object`; empty and an error if it is not there.
std::string requiredText(const SourceFile& source, const JsonValue& object,
                         const std::string& pointer, std::string_view key, Draft& draft) {
    const JsonValue* value = object.find(key);
    if (value == nullptr) {
        draft.problems.error(source.at(object, pointer), fmt::format("has no {}: add it", key));
        return {};
    }
    if (value->kind != Kind::String || value->text.empty() || value->text.size() > 1024) {
        draft.problems.error(
            source.at(*value, childPointer(pointer, key)),
            fmt::format("must be a string of 1 to 1024 bytes, but is {}",
                        value->kind == Kind::String ? "none" : kindName(value->kind)));
        return {};
    }
    return value->text;
}

/// The entries of a file that must be a list of objects.
std::vector<std::pair<const JsonValue*, std::string>> entries(const SourceFile& source,
                                                              const JsonValue& list,
                                                              const std::string& pointer,
                                                              const char* example, Draft& draft) {
    std::vector<std::pair<const JsonValue*, std::string>> out;
    if (list.kind != Kind::Array || list.elements.size() > kMaxEntries) {
        draft.problems.error(
            source.at(list, pointer),
            fmt::format("must be a list of at most {} entries like {}", kMaxEntries, example));
        return out;
    }
    for (std::size_t i = 0; i < list.elements.size(); ++i) {
        const JsonValue& entry = list.elements[i];
        const std::string where = childPointer(pointer, i);
        if (entry.kind == Kind::Object) {
            out.emplace_back(&entry, where);
        } else {
            draft.problems.error(
                source.at(entry, where),
                fmt::format("is {}, but must be an object like {}", kindName(entry.kind), example));
        }
    }
    return out;
}

void readMode(const SourceFile& source, Draft& draft) {
    if (const JsonValue* mode = source.value.find("mode")) {
        if (mode->kind == Kind::String &&
            (mode->text == "stand-alone" || mode->text == "cluster")) {
            draft.cluster.standAlone = mode->text == "stand-alone";
        } else {
            draft.problems.error(source.at(*mode, "/mode"),
                                 "must be \"cluster\" or \"stand-alone\"");
        }
    }
    if (const JsonValue* closed = source.value.find("closeWatcher")) {
        if (closed->kind == Kind::Bool) {
            draft.cluster.closeWatcher = closed->boolean;
        } else {
            draft.problems.error(source.at(*closed, "/closeWatcher"), "must be true or false");
        }
    }
}

int levelOf(const SourceFile& source, const JsonValue& entry, const std::string& pointer,
            Draft& draft) {
    const JsonValue* level = entry.find("level");
    if (level == nullptr) return 0;
    if (level->integer == 1 || level->integer == 2) return static_cast<int>(*level->integer);
    if (level->integer && *level->integer > 2) {
        draft.problems.warn(source.at(*level, childPointer(pointer, "level")),
                            "levels above 2 count as 2 (look, not touch)");
        return 2;
    }
    draft.problems.error(source.at(*level, childPointer(pointer, "level")),
                         "must be 1 (all) or 2 (look, not touch)");
    return 0;
}

void readCron(const SourceFile& source, const JsonValue& entry, const std::string& pointer,
              const std::string& type, Draft& draft) {
    Cron cron;
    cron.serverType = type;
    const JsonValue* id = entry.find("id");
    if (id != nullptr && (id->kind == Kind::String || id->integer)) {
        cron.id = id->text;
    } else {
        draft.problems.error(source.at(entry, pointer), "has no id: add a number or a string");
    }
    cron.time = requiredText(source, entry, pointer, "time", draft);
    cron.action = requiredText(source, entry, pointer, "action", draft);
    if (entry.find("serverId") != nullptr)
        cron.serverId = requiredText(source, entry, pointer, "serverId", draft);
    draft.cluster.crons.push_back(std::move(cron));
    draft.crons.push_back(source.at(entry, pointer));
}

}  // namespace

void readMaster(const SourceFile& source, Draft& draft) {
    if (source.value.kind != Kind::Object)
        return draft.problems.error(source.at(source.value, ""),
                                    "must be an object like {\"id\": \"master-server-1\", "
                                    "\"host\": \"127.0.0.1\", \"port\": 3005}");
    ClusterSequence none;
    JsonValue plain = source.value;  // a master is no cluster of servers
    std::erase_if(plain.members, [](const auto& member) { return member.key == "clusterCount"; });
    const auto read =
        readServerEntry(plain, "master", source.at(source.value, ""), none, draft.problems);
    if (read.empty()) return;
    draft.cluster.masterId = read.front().id;
    draft.cluster.masterHost = read.front().host;
    if (source.value.find("port") == nullptr) {
        draft.problems.error(source.at(source.value, ""), "has no port: add one, pomelo's is 3005");
    } else {
        draft.cluster.masterPort = read.front().port;
    }
    readMode(source, draft);
}

void readServers(const SourceFile& source, Draft& draft) {
    if (source.value.kind != Kind::Object)
        return draft.problems.error(
            source.at(source.value, ""),
            "must be an object of server types: {\"connector\": [{\"id\": …}]}");
    ClusterSequence sequence;
    for (const auto& type : source.value.members) {
        const std::string pointer = childPointer("", type.key);
        if (type.value.kind != Kind::Array) {
            const bool isBlock = type.value.kind == Kind::Object && source.pointer.empty();
            draft.problems.error(
                {source.file, type.line, source.pointer + pointer},
                isBlock
                    ? fmt::format("looks like the block of an environment, but there is none for "
                                  "\"{}\": add that block, or choose another environment with -e",
                                  draft.cluster.env)
                    : fmt::format("is {}, but must be a list of servers",
                                  kindName(type.value.kind)));
            continue;
        }
        draft.serverTypes.try_emplace(type.key,
                                      Place{source.file, type.line, source.pointer + pointer});
        for (std::size_t i = 0; i < type.value.elements.size(); ++i) {
            const JsonValue& entry = type.value.elements[i];
            const Place place = source.at(entry, childPointer(pointer, i));
            for (auto& server : readServerEntry(entry, type.key, place, sequence, draft.problems)) {
                draft.cluster.servers.push_back(std::move(server));
                draft.servers.push_back(place);
            }
            if (draft.cluster.servers.size() > kMaxServers)
                return draft.problems.error(place,
                                            "more than 10000 servers in one cluster: split it");
        }
    }
}

/// `$argon2id$v=19$m=N,t=N,p=N$SALT$HASH`, as the argon2 program writes it. Nobody can ever log in
/// with another text that begins so.
bool isArgon2id(const std::string& password) {
    static const std::regex kForm(
        R"(\$argon2id\$v=19\$m=\d{1,10},t=\d{1,10},p=\d{1,8}\$[A-Za-z0-9+/]{1,200}\$[A-Za-z0-9+/]{1,200})");
    return std::regex_match(password, kForm);
}

void readUsers(const SourceFile& source, Draft& draft) {
    bool isClear = false;
    for (const auto& [entry, pointer] :
         entries(source, source.value, "",
                 "{\"id\": \"user-1\", \"username\": …, \"password\": …, \"level\": 1}", draft)) {
        User user;
        user.username = requiredText(source, *entry, pointer, "username", draft);
        user.password = requiredText(source, *entry, pointer, "password", draft);
        user.level = levelOf(source, *entry, pointer, draft);
        if (const JsonValue* id = entry->find("id")) user.id = id->text;
        const bool isHash = user.password.starts_with("$argon2id$");
        if (isHash && !isArgon2id(user.password))
            draft.problems.error(source.at(*entry, pointer + "/password"),
                                 "begins with $argon2id$ but is no such hash: write the line that "
                                 "'argon2 SALT -id -e' prints, whole");
        isClear = isClear || (!user.password.empty() && !isHash);
        draft.cluster.users.push_back(std::move(user));
        draft.users.push_back(source.at(*entry, pointer));
    }
    if (isClear)
        draft.problems.warn({source.file, 0, ""},
                            "holds passwords in clear text: replace each by the argon2id hash of "
                            "its md5, and let only the master read the file");
}

void readServerTokens(const SourceFile& source, Draft& draft) {
    draft.cluster.hasServerTokens = true;
    for (const auto& [entry, pointer] :
         entries(source, source.value, "", "{\"type\": \"connector\", \"token\": …}", draft)) {
        ServerToken token;
        token.type = requiredText(source, *entry, pointer, "type", draft);
        token.token = requiredText(source, *entry, pointer, "token", draft);
        draft.cluster.serverTokens.push_back(std::move(token));
        draft.tokens.push_back(source.at(*entry, pointer));
    }
}

void readCrons(const SourceFile& source, Draft& draft) {
    if (source.value.kind != Kind::Object)
        return draft.problems.error(source.at(source.value, ""),
                                    "must be an object of server types: {\"chat\": [{\"id\": 1, "
                                    "\"time\": …, \"action\": …}]}");
    for (const auto& type : source.value.members)
        for (const auto& [entry, pointer] : entries(
                 source, type.value, childPointer("", type.key),
                 "{\"id\": 1, \"time\": \"0 0/5 * * * *\", \"action\": \"file.method\"}", draft))
            readCron(source, *entry, pointer, type.key, draft);
}

}  // namespace muster::config
