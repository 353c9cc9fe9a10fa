#include "common/wire/json_scanner.hpp"
#include "common/wire/pomelo_wire.hpp"

#include <charconv>
#include <limits>
#include <system_error>

namespace muster::pomelo {
namespace {

using wire::JsonKind;
using wire::JsonValue;

Error bad(std::string_view what) {
    return Error(Errc::BadMessage, std::string(what));
}

/// A text field; other kinds count as absent, as an original peer never sends them.
std::string textOf(const JsonValue& value) {
    if (value.kind != JsonKind::String) return {};
    return wire::unescapeJson(value.text).value_or(std::string());
}

/// A whole number from 0 to `max`, as a number or a string of digits (command lines give both);
/// 0 if it is something else.
long numberOf(const JsonValue& value, long max) {
    std::string_view text = value.text;
    if (value.kind == JsonKind::String && text.size() >= 2) text = text.substr(1, text.size() - 2);
    long number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < 0 || number > max) return 0;
    return number;
}

Result<void> apply(Registration& to, std::string_view key, const JsonValue& value) {
    if (key == "id") to.id = textOf(value);
    if (key == "serverType") to.serverType = textOf(value);
    if (key == "token") to.token = textOf(value);
    if (key == "username") to.username = textOf(value);
    if (key == "password") to.password = textOf(value);
    if (key == "md5") to.isMd5 = value.text == "true";
    if (key == "pid") to.pid = numberOf(value, std::numeric_limits<long>::max());
    if (key == "type") {
        const std::string type = textOf(value);
        to.kind = type == "monitor"  ? Registration::Kind::Monitor
                  : type == "client" ? Registration::Kind::Client
                                     : Registration::Kind::Other;
    }
    if (key == "info" && value.kind != JsonKind::Null) {
        if (value.kind != JsonKind::Object || value.text.size() > kMaxInfo)
            return bad("info is not an object of at most 64 KiB");
        to.info = value.text;
    }
    return {};
}

void append(std::string& out, std::string_view name, std::string_view json) {
    out += out.size() > 1 ? ",\"" : "\"";
    out.append(name).append("\":").append(json);
}

}  // namespace

Result<Registration> decodeRegistration(std::string_view payload) {
    std::string inner;
    if (!payload.empty() && payload.front() == '"') {
        auto text = wire::unescapeJson(payload);
        if (!text) return bad("not a valid JSON string");
        inner = *std::move(text);
        payload = inner;
    }
    Registration registration;
    wire::JsonObjectReader reader(payload);
    while (const auto member = reader.next())
        if (auto ok = apply(registration, member->key, member->value); !ok) return ok.error();
    if (!reader.isValid()) return bad("not one valid JSON object");
    if (registration.id.empty()) return bad("it has no id");
    for (const auto* name : {&registration.id, &registration.serverType, &registration.token,
                             &registration.username, &registration.password})
        if (name->size() > kMaxName) return bad("a name is longer than 256 bytes");
    return registration;
}

std::string encodeRegister(const Registration& monitor) {
    std::string text = "{";
    append(text, "id", wire::jsonString(monitor.id));
    append(text, "type", "\"monitor\"");
    append(text, "serverType", wire::jsonString(monitor.serverType));
    append(text, "pid", std::to_string(monitor.pid));
    append(text, "info", monitor.info);
    append(text, "token", monitor.token.empty() ? "null" : wire::jsonString(monitor.token));
    return text + '}';
}

std::string encodeReconnect(const Registration& monitor) {
    std::string text = "{";
    append(text, "id", wire::jsonString(monitor.id));
    append(text, "type", "\"monitor\"");
    append(text, "info", monitor.info);
    append(text, "pid", std::to_string(monitor.pid));
    append(text, "serverType", wire::jsonString(monitor.serverType));
    return text + '}';
}

ServerInfo serverInfo(const Registration& monitor) {
    ServerInfo server;
    server.id = monitor.id;
    server.type = monitor.serverType;
    server.pid = monitor.pid;
    server.isPomelo = true;
    server.info = monitor.info;
    if (const auto host = wire::findMember(monitor.info, "host")) server.host = textOf(*host);
    if (const auto port = wire::findMember(monitor.info, "port"))
        server.port = static_cast<int>(numberOf(*port, 65'535));
    if (server.host.size() > kMaxName) server.host.clear();
    return server;
}

std::string encodeAck(const Ack& ack) {
    return "{\"code\":" + std::to_string(ack.code) + ",\"msg\":" + wire::jsonString(ack.message) +
           '}';
}

Result<Ack> decodeAck(std::string_view payload) {
    Ack ack{0, {}};
    wire::JsonObjectReader reader(payload);
    while (const auto member = reader.next()) {
        if (member->key == "code") ack.code = member->value.text == "1" ? 1 : -1;
        if (member->key == "msg") ack.message = textOf(member->value);
    }
    if (!reader.isValid() || ack.code == 0) return bad("not an answer to a registration");
    return ack;
}

}  // namespace muster::pomelo
