#include "common/wire/envelope.hpp"

#include "common/wire/json_scanner.hpp"
#include "common/wire/topics.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace muster::wire {
namespace {

constexpr std::size_t kMaxNameLength = 64;
constexpr std::size_t kMaxDetailLength = 4096;
/// What a peer's message may have: each byte of ours that is not UTF-8 becomes three.
constexpr std::size_t kMaxReadDetailLength = 3 * kMaxDetailLength;

bool isAbsent(std::string_view body) {
    return body.empty() || body == "null";
}

Error bad(std::string detail) {
    return Error(Errc::BadMessage, std::move(detail));
}

void appendHead(std::string& out, WallTime now) {
    out += R"({"v":1,"time":")";
    out += formatTime(now);
    out += '"';
}

void appendText(std::string& out, std::string_view key, std::string_view text) {
    out += key;
    appendJsonString(out, text);
}

void appendOrder(std::string& out, const OrderTag& order) {
    appendText(out, R"(,"order":{"id":)", order.id);
    fmt::format_to(std::back_inserter(out), R"(,"epoch":{})", order.epoch);
    appendText(out, R"(,"clusterUid":)", order.clusterUid);
    appendText(out, R"(,"incarnation":)", order.incarnation);
    appendText(out, R"(,"deadline":)", formatTime(order.deadline));
    out += '}';
}

void appendBody(std::string& out, std::string_view body) {
    if (isAbsent(body)) return;
    out += R"(,"body":)";
    out += body;
}

/// A string member of bounded length. Null counts as empty, as pomelo's clients send it.
Result<void> readText(const JsonValue& value, std::string_view key, std::size_t limit,
                      std::string& into) {
    if (value.kind == JsonKind::Null) return {};
    if (value.kind != JsonKind::String) return bad(fmt::format("'{}' must be a string", key));
    auto text = unescapeJson(value.text);
    if (!text || text->size() > limit)
        return bad(fmt::format("'{}' must have at most {} bytes", key, limit));
    into = *std::move(text);
    return {};
}

Result<void> readEpoch(const JsonValue& value, std::int64_t& into) {
    const char* end = value.text.data() + value.text.size();
    const auto parsed = std::from_chars(value.text.data(), end, into);
    if (parsed.ec != std::errc() || parsed.ptr != end || into < 1)
        return bad("'order.epoch' must be a whole number from 1");
    return {};
}

Result<void> readDeadline(const JsonValue& value, std::optional<WallTime>& into) {
    std::string text;
    if (auto read = readText(value, "order.deadline", kMaxNameLength, text); !read) return read;
    into = parseTime(text);
    if (!into) return bad("'order.deadline' must be a time as in RFC 3339");
    return {};
}

Result<OrderTag> readOrder(const JsonValue& value) {
    OrderTag order;
    std::optional<WallTime> deadline;
    JsonObjectReader reader(value.text);
    while (const auto member = reader.next()) {
        Result<void> read;
        if (member->key == "id")
            read = readText(member->value, "order.id", kMaxNameLength, order.id);
        else if (member->key == "epoch")
            read = readEpoch(member->value, order.epoch);
        else if (member->key == "clusterUid")
            read = readText(member->value, "order.clusterUid", kMaxNameLength, order.clusterUid);
        else if (member->key == "incarnation")
            read = readText(member->value, "order.incarnation", kMaxNameLength, order.incarnation);
        else if (member->key == "deadline")
            read = readDeadline(member->value, deadline);
        if (!read) return read.error();
    }
    if (!reader.isValid() || order.id.empty() || order.epoch < 1 || order.clusterUid.empty() ||
        !deadline)
        return bad("'order' must be an object with id, epoch, clusterUid and deadline");
    order.deadline = *deadline;
    return order;
}

/// Which of the known members were seen: a second one of the same name is refused, since two
/// readers might take different ones.
class Seen {
public:
    bool isFirst(unsigned index) {
        const unsigned bit = 1U << index;
        const bool wasFirst = (bits_ & bit) == 0;
        bits_ |= bit;
        return wasFirst;
    }

private:
    unsigned bits_ = 0;
};

template <std::size_t N>
int indexOf(const std::array<std::string_view, N>& keys, std::string_view key) {
    for (std::size_t i = 0; i < N; ++i)
        if (keys[i] == key) return static_cast<int>(i);
    return -1;
}

/// Calls `read(index, value)` for each member whose key is in `keys`; others are ignored. Needs
/// "v":1, the first of `keys`.
template <std::size_t N, class Read>
Result<void> readMembers(std::string_view payload, const std::array<std::string_view, N>& keys,
                         Read read) {
    Seen seen;
    bool hasVersion = false;
    JsonObjectReader reader(payload);
    while (const auto member = reader.next()) {
        const int index = indexOf(keys, member->key);
        if (index < 0) continue;
        if (!seen.isFirst(static_cast<unsigned>(index)))
            return bad(fmt::format("'{}' stands twice", member->key));
        if (index == 0) {
            hasVersion = member->value.text == "1";
            continue;
        }
        if (auto result = read(index, member->value); !result) return result;
    }
    if (!reader.isValid())
        return bad(fmt::format("not a JSON object of at most {} levels, at byte {}", kMaxJsonDepth,
                               reader.position()));
    if (!hasVersion) return bad("needs \"v\":1, the protocol version");
    return {};
}

void takeBody(const JsonValue& value, JsonText& into) {
    if (value.kind != JsonKind::Null) into = value.text;
}

Errc errcOf(std::string_view name) {
    for (int code = 0; code < static_cast<int>(Errc::Failed); ++code)
        if (name == errcName(static_cast<Errc>(code))) return static_cast<Errc>(code);
    return Errc::Failed;
}

Result<void> readError(const JsonValue& value, std::optional<Error>& into) {
    if (value.kind == JsonKind::Null) return {};
    std::string code;
    std::string message;
    JsonObjectReader reader(value.text);
    while (const auto member = reader.next()) {
        Result<void> read;
        if (member->key == "code")
            read = readText(member->value, "error.code", kMaxNameLength, code);
        else if (member->key == "message")
            read = readText(member->value, "error.message", kMaxReadDetailLength, message);
        if (!read) return read.error();
    }
    if (!reader.isValid() || code.empty()) return bad("'error' must be an object with code");
    into.emplace(errcOf(code), std::move(message));
    return {};
}

}  // namespace

std::string encode(const Envelope& envelope, WallTime now) {
    std::string out;
    out.reserve(96 + envelope.moduleId.size() + envelope.body.size() + (envelope.order ? 256 : 0));
    appendHead(out, now);
    appendText(out, R"(,"moduleId":)", envelope.moduleId);
    if (!envelope.command.empty()) appendText(out, R"(,"command":)", envelope.command);
    appendBody(out, envelope.body);
    if (envelope.order) appendOrder(out, *envelope.order);
    out += '}';
    return out;
}

Result<Envelope> decodeEnvelope(std::string_view payload) {
    static constexpr std::array<std::string_view, 5> kKeys{"v", "moduleId", "command", "body",
                                                           "order"};
    Envelope envelope;
    const auto read = [&envelope](int index, const JsonValue& value) -> Result<void> {
        if (index == 1) return readText(value, "moduleId", kMaxNameLength, envelope.moduleId);
        if (index == 2) return readText(value, "command", kMaxNameLength, envelope.command);
        if (index == 3) {
            takeBody(value, envelope.body);
            return {};
        }
        auto order = readOrder(value);
        if (!order) return order.error();
        envelope.order = *std::move(order);
        return {};
    };
    if (auto members = readMembers(payload, kKeys, read); !members) return members.error();
    if (envelope.moduleId.empty() && envelope.command.empty()) return bad("needs a moduleId");
    return envelope;
}

std::string encode(const Answer& answer, WallTime now) {
    std::string out;
    out.reserve(64 + answer.body.size());
    appendHead(out, now);
    if (answer.error) {
        appendText(out, R"(,"error":{"code":)", errcName(answer.error->code()));
        appendText(out, R"(,"message":)",
                   std::string_view(answer.error->detail()).substr(0, kMaxDetailLength));
        out += '}';
    }
    appendBody(out, answer.body);
    out += '}';
    return out;
}

Result<Answer> decodeAnswer(std::string_view payload) {
    static constexpr std::array<std::string_view, 3> kKeys{"v", "error", "body"};
    Answer answer;
    const auto read = [&answer](int index, const JsonValue& value) -> Result<void> {
        if (index == 2) {
            takeBody(value, answer.body);
            return {};
        }
        return readError(value, answer.error);
    };
    if (auto members = readMembers(payload, kKeys, read); !members) return members.error();
    return answer;
}

}  // namespace muster::wire
