#include "common/config/server_entry.hpp"

#include <charconv>

#include <fmt/core.h>

namespace muster::config {
namespace {

using Kind = JsonValue::Kind;

constexpr int kMaxClusterCount = 10'000;
constexpr int kMaxCpu = 4095;
constexpr std::size_t kMaxKeys = 256;
constexpr std::size_t kMaxEntry = 64 << 10;  // bytes

std::optional<std::int64_t> wholeNumber(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// A number, or a string of digits: pomelo's command line makes no difference.
std::optional<std::int64_t> numberOf(const JsonValue& value) {
    if (value.kind == Kind::Number) return value.integer;
    if (value.kind == Kind::String) return wholeNumber(value.text);
    return std::nullopt;
}

bool isCountedUp(const JsonValue& value) {
    return value.kind == Kind::String && value.text.size() > 2 && value.text.ends_with("++") &&
           wholeNumber(std::string_view(value.text).substr(0, value.text.size() - 2)).has_value();
}

JsonValue numberValue(std::int64_t number, int line) {
    JsonValue value;
    value.kind = Kind::Number;
    value.line = line;
    value.integer = number;
    value.text = std::to_string(number);
    return value;
}

void setText(JsonValue& object, std::string_view key, std::string text) {
    JsonValue value;
    value.kind = Kind::String;
    value.line = object.line;
    value.text = std::move(text);
    for (auto& member : object.members)
        if (member.key == key) {
            member.value = std::move(value);
            return;
        }
    object.members.push_back({std::string(key), object.line, std::move(value)});
}

/// Reads the recognised keys of one entry, after clusterCount was expanded.
class EntryReader {
public:
    EntryReader(const JsonValue& entry, const Place& place, Problems& problems)
        : entry_(entry), place_(place), problems_(problems) {}

    std::optional<Server> read(const std::string& type) {
        Server server;
        server.type = type;
        id(server);
        host(server);
        port("port", server.port);
        port("clientPort", server.clientPort);
        cpu(server);
        args(server);
        server.frontend = flag("frontend");
        server.autoRestart = flag("auto-restart");
        server.restartForce = flag("restart-force");
        if (const auto* old = entry_.find("wsPort"))
            problems_.warn(at(*old, "wsPort"), "wsPort is out of use: name it clientPort");
        server.properties = entry_.dump();
        if (isBad_) return std::nullopt;
        return server;
    }

private:
    Place at(const JsonValue& value, std::string_view key) const {
        return {place_.file, value.line, childPointer(place_.pointer, key)};
    }
    void error(const JsonValue& value, std::string_view key, std::string text) {
        isBad_ = true;
        problems_.error(at(value, key), std::move(text));
    }

    void id(Server& server) {
        const JsonValue* value = entry_.find("id");
        if (value == nullptr) {
            isBad_ = true;
            return problems_.error(place_,
                                   server.type == "master"
                                       ? "has no id: add one, pomelo's is \"master-server-1\""
                                       : "has no id: add one, or clusterCount for several servers");
        }
        // pomelo-cli turns a numeric id into a number.
        if (value->kind != Kind::String && !value->integer)
            return error(*value, "id",
                         fmt::format("is {}, but must be a string", kindName(value->kind)));
        server.id = value->text;
    }

    void host(Server& server) {
        const JsonValue* value = entry_.find("host");
        if (value == nullptr) return;
        if (value->kind != Kind::String)
            return error(*value, "host",
                         fmt::format("is {}, but must be a string", kindName(value->kind)));
        const bool isPrintable =
            value->text.find_first_of(std::string_view(" \t\r\n\0/", 6)) == std::string::npos;
        if (value->text.empty() || value->text.size() > 255 || !isPrintable)
            return error(*value, "host", "is no host name or address");
        server.host = value->text;
    }

    void port(std::string_view key, int& out) {
        const JsonValue* value = entry_.find(key);
        if (value == nullptr) return;
        if (isCountedUp(*value))
            return error(
                *value, key,
                fmt::format("\"{}\" counts up, which needs clusterCount: add it, or give a number",
                            value->text));
        const auto number = numberOf(*value);
        if (!number)
            return error(
                *value, key,
                fmt::format("is {}, but must be a port: give a whole number from 0 to 65535",
                            value->kind == Kind::String ? "\"" + value->text.substr(0, 64) + "\""
                                                        : kindName(value->kind)));
        if (*number < 0 || *number > 65535)
            return error(*value, key,
                         fmt::format("{} is {}: give 0 (none) to 65535", *number,
                                     *number < 0 ? "below 0" : "above 65535"));
        out = static_cast<int>(*number);
    }

    void cpu(Server& server) {
        const JsonValue* value = entry_.find("cpu");
        if (value == nullptr) return;
        const auto number = numberOf(*value);
        if (!number || *number < 0 || *number > kMaxCpu)
            return error(*value, "cpu", "must be the number of a processor, 0 to 4095");
        server.cpu = static_cast<int>(*number);
    }

    bool flag(std::string_view key) {
        const JsonValue* value = entry_.find(key);
        if (value == nullptr) return false;
        if (value->kind == Kind::Bool) return value->boolean;
        if (value->kind == Kind::String && (value->text == "true" || value->text == "false"))
            return value->text == "true";
        error(*value, key, fmt::format("is {}, but must be true or false", kindName(value->kind)));
        return false;
    }

    void args(Server& server) {
        const JsonValue* value = entry_.find("args");
        if (value == nullptr) return;
        if (value->kind == Kind::String) {
            const auto first = value->text.find_first_not_of(" \t");
            if (first == std::string::npos) return;
            const auto last = value->text.find_last_not_of(" \t");
            server.args.push_back(value->text.substr(first, last - first + 1));
            return;
        }
        if (value->kind != Kind::Array)
            return error(*value, "args",
                         fmt::format("is {}, but must be a string or a list of strings",
                                     kindName(value->kind)));
        for (const auto& element : value->elements) {
            if (element.kind != Kind::String)
                return error(
                    element, "args",
                    fmt::format("holds {}, but must hold strings", kindName(element.kind)));
            server.args.push_back(element.text);
        }
    }

    const JsonValue& entry_;
    const Place& place_;
    Problems& problems_;
    bool isBad_ = false;
};

/// pomelo counts a falsy clusterCount as none.
bool isCluster(const JsonValue& entry) {
    const JsonValue* count = entry.find("clusterCount");
    return count != nullptr && count->integer != 0 && count->kind != Kind::Null &&
           (count->kind != Kind::Bool || count->boolean) &&
           !(count->kind == Kind::String && count->text.empty());
}

/// The entry of server `index` of a cluster entry: "++" fields counted up, an id of its own.
JsonValue member(const JsonValue& entry, std::int64_t index, const std::string& id) {
    JsonValue out = entry;
    for (auto& field : out.members)
        if (isCountedUp(field.value)) {
            const auto base = wholeNumber(
                std::string_view(field.value.text).substr(0, field.value.text.size() - 2));
            // A base near the type's end would overflow; the port check names it as too high.
            if (*base < (1LL << 53)) field.value = numberValue(*base + index, field.value.line);
        }
    setText(out, "id", id);
    return out;
}

}  // namespace

std::vector<Server> readServerEntry(const JsonValue& entry, const std::string& type,
                                    const Place& place, ClusterSequence& sequence,
                                    Problems& problems) {
    std::vector<Server> servers;
    if (entry.kind != Kind::Object) {
        problems.error(place, fmt::format("is {}, but must be an object like {{\"id\": \"{}-1\", "
                                          "\"host\": \"127.0.0.1\", \"port\": 3150}}",
                                          kindName(entry.kind), type));
        return servers;
    }
    // What a server gets must fit into its arguments and its environment.
    if (entry.members.size() > kMaxKeys || entry.dump().size() > kMaxEntry) {
        problems.error(place, "is too large: a server has at most 256 keys and 64 KiB");
        return servers;
    }
    JsonValue whole = entry;
    setText(whole, "serverType", type);  // pomelo adds it to every entry
    if (!isCluster(entry)) {
        if (auto server = EntryReader(whole, place, problems).read(type))
            servers.push_back(std::move(*server));
        return servers;
    }
    const JsonValue& countValue = *entry.find("clusterCount");
    const auto count = numberOf(countValue);
    if (!count || *count < 1 || *count > kMaxClusterCount) {
        problems.error({place.file, countValue.line, childPointer(place.pointer, "clusterCount")},
                       "must be a number of servers, 1 to 10000");
        return servers;
    }
    int& next = sequence[type];
    for (int i = 0; i < *count; ++i) {
        const JsonValue one = member(whole, i, fmt::format("cluster-server-{}-{}", type, next++));
        auto server = EntryReader(one, place, problems).read(type);
        if (!server) break;  // the others would say the same
        servers.push_back(std::move(*server));
    }
    return servers;
}

}  // namespace muster::config
