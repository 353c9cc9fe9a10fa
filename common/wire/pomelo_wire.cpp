#include "common/wire/pomelo_wire.hpp"

#include "common/wire/json_scanner.hpp"

#include <charconv>
#include <system_error>

namespace muster::pomelo {
namespace {

using wire::JsonKind;
using wire::JsonValue;

/// JavaScript's idea of "nothing there": such ids make a notify.
bool isFalsy(const JsonValue& value) {
    return value.kind == JsonKind::Null || value.text == "false" || value.text == "0" ||
           value.text == "-0" || value.text == "\"\"";
}

Error badField(std::string_view name) {
    return Error(Errc::BadMessage, std::string(name) + " is not acceptable");
}

/// `value` as an id, verbatim. Empty: none.
Result<std::string> idText(std::string_view name, const JsonValue& value) {
    if (isFalsy(value)) return std::string();
    const bool isScalar = value.kind == JsonKind::Number || value.kind == JsonKind::String;
    if (!isScalar || value.text.size() > kMaxMessageId) return badField(name);
    return std::string(value.text);
}

/// `value` as a name; null counts as absent, as in `"moduleId":null` of a `list` command.
Result<std::string> nameText(std::string_view name, const JsonValue& value) {
    if (value.kind == JsonKind::Null) return std::string();
    if (value.kind != JsonKind::String) return badField(name);
    auto text = wire::unescapeJson(value.text);
    if (!text || text->size() > kMaxName) return badField(name);
    return *std::move(text);
}

/// The members of a message as slices, last one of a name as in JavaScript.
struct Fields {
    std::optional<JsonValue> reqId, respId, moduleId, command, body, error;

    std::optional<JsonValue>* find(std::string_view key) {
        if (key == "reqId") return &reqId;
        if (key == "respId") return &respId;
        if (key == "moduleId") return &moduleId;
        if (key == "command") return &command;
        if (key == "body") return &body;
        if (key == "error") return &error;
        return nullptr;
    }
};

Result<void> take(Result<std::string> from, std::string& to) {
    if (!from) return from.error();
    to = *std::move(from);
    return {};
}

Result<Message> messageOf(const Fields& fields) {
    Message message;
    std::string requestId;
    if (fields.respId)
        if (auto ok = take(idText("respId", *fields.respId), message.id); !ok) return ok.error();
    if (fields.reqId)
        if (auto ok = take(idText("reqId", *fields.reqId), requestId); !ok) return ok.error();
    if (fields.moduleId)
        if (auto ok = take(nameText("moduleId", *fields.moduleId), message.moduleId); !ok)
            return ok.error();
    if (fields.command)
        if (auto ok = take(nameText("command", *fields.command), message.command); !ok)
            return ok.error();
    if (fields.body) message.body = fields.body->text;
    if (fields.error) message.error = fields.error->text;

    using Kind = Message::Kind;
    if (!message.command.empty())
        message.kind = Kind::Command;
    else if (!message.id.empty())
        message.kind = Kind::Response;
    else
        message.kind = requestId.empty() ? Kind::Notify : Kind::Request;
    if (message.kind != Kind::Response) message.id = std::move(requestId);
    return message;
}

Result<Message> decodeObject(std::string_view text) {
    Fields fields;
    wire::JsonObjectReader reader(text);
    while (const auto member = reader.next())
        if (auto* field = fields.find(member->key)) *field = member->value;
    if (!reader.isValid()) return Error(Errc::BadMessage, "not one valid JSON object");
    return messageOf(fields);
}

void appendMember(std::string& out, std::string_view name, std::string_view json) {
    out += out.size() > 1 ? ",\"" : "\"";
    out.append(name).append("\":").append(json);
}

void appendName(std::string& out, std::string_view name, std::string_view text) {
    appendMember(out, name, {});
    wire::appendJsonString(out, text);
}

bool isAbsent(std::string_view body) {
    return body.empty() || body == "null";
}

}  // namespace

Result<Message> decodeMessage(std::string_view payload) {
    wire::JsonScanner scanner(payload);
    scanner.skipSpace();
    const std::string_view rest = payload.substr(scanner.position());
    if (!rest.starts_with('"')) return decodeObject(payload);
    const auto inner = scanner.unescapedString();
    scanner.skipSpace();
    if (!inner || !scanner.isAtEnd()) return Error(Errc::BadMessage, "not valid JSON");
    return decodeObject(*inner);
}

// Written in its double-encoded form at once: it is what a master sends most.
std::string encodeRequest(std::string_view id, std::string_view moduleId, std::string_view body) {
    constexpr std::size_t kFrame = 64;  // the names and their quotes
    std::string text;
    text.reserve(kFrame + id.size() + moduleId.size() + body.size() + body.size() / 4);
    text += R"("{\"reqId\":)";
    wire::appendJsonEscaped(text, id);
    text += R"(,\"moduleId\":)";
    wire::appendJsonEscaped(text, wire::jsonString(moduleId));
    if (!isAbsent(body)) {
        text += R"(,\"body\":)";
        wire::appendJsonEscaped(text, body);
    }
    return text += R"(}")";
}

std::string asRepush(const std::string& request, std::uint64_t number) {
    constexpr std::string_view kBefore = R"("{\"reqId\":)";
    const std::string digits = std::to_string(number);
    std::string text;
    text.reserve(request.size() + 4);
    text.append(kBefore).append(R"(\")").append(digits).append(R"(\")");
    return text.append(request, kBefore.size() + digits.size());
}

std::string encodeNotify(std::string_view moduleId, std::string_view body) {
    std::string text = "{";
    appendName(text, "moduleId", moduleId);
    if (!isAbsent(body)) appendMember(text, "body", body);
    text += '}';
    return text;
}

std::string encodeResponse(std::string_view id, std::string_view error, std::string_view body) {
    std::string text = "{";
    appendMember(text, "respId", id);
    if (!error.empty()) appendMember(text, "error", error);
    if (!body.empty()) appendMember(text, "body", body);
    text += '}';
    return wire::jsonString(text);
}

std::string encodeCommand(std::string_view command, std::string_view moduleId) {
    std::string text = "{";
    appendName(text, "command", command);
    appendName(text, "moduleId", moduleId);
    appendMember(text, "body", "{}");
    text += '}';
    return wire::jsonString(text);
}

std::optional<std::uint64_t> numberOf(std::string_view id) {
    if (id.size() >= 2 && id.front() == '"' && id.back() == '"') id = id.substr(1, id.size() - 2);
    std::uint64_t number = 0;
    const char* end = id.data() + id.size();
    const auto parsed = std::from_chars(id.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return number;
}

std::string stringId(std::uint64_t number) {
    return '"' + std::to_string(number) + '"';
}

}  // namespace muster::pomelo
