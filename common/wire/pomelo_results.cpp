#include "common/wire/json_scanner.hpp"
#include "common/wire/pomelo_wire.hpp"

#include <algorithm>
#include <array>

namespace muster::pomelo {
namespace {

using wire::JsonKind;

constexpr std::string_view kConsole = "__console__";
constexpr std::string_view kWatcher = "__monitorwatcher__";
constexpr std::string_view kUnknownModule = "unknown moduleId:";
constexpr std::string_view kUnknownServer = "unknown server id:";
constexpr std::string_view kDenied = "Command permission denied";
constexpr std::size_t kMaxErrorText = 4096;  // bytes that are passed on of a peer's error

/// A handler of pomelo that calls cb(result) instead of cb(null, result).
struct Quirk {
    std::string_view moduleId;
    std::string_view field;  // of the body: which operation it is
    std::string_view operation;
};
constexpr std::array<Quirk, 10> kResultsInError{{
    {"watchServer", "comd", "\"servers\""},
    {"watchServer", "comd", "\"connections\""},
    {"watchServer", "comd", "\"logins\""},
    {kConsole, "signal", "\"list\""},
    {kConsole, "signal", "\"kill\""},
    {kConsole, "signal", "\"restart\""},
    {kWatcher, "action", "\"addServer\""},
    {kWatcher, "action", "\"removeServer\""},
    {kWatcher, "action", "\"replaceServer\""},
    {kWatcher, "action", "\"startOver\""},
}};

bool isDisabledText(std::string_view text) {
    return text.starts_with("module ") && text.ends_with(" is disable");
}

Errc codeOf(std::string_view text) {
    if (text.starts_with(kUnknownModule)) return Errc::UnknownModule;
    if (text.starts_with(kUnknownServer)) return Errc::UnknownServer;
    if (isDisabledText(text)) return Errc::ModuleDisabled;
    if (text == kDenied) return Errc::Denied;
    return Errc::Failed;
}

/// An error as handlers pass it: a sentence, or an Error object with its message.
Error peerError(std::string_view json) {
    std::string_view text = json;
    if (json.starts_with('{'))
        if (const auto message = wire::findMember(json, "message")) text = message->text;
    auto sentence =
        text.starts_with('"') ? wire::unescapeJson(text).value_or("error") : std::string(text);
    if (sentence.size() > kMaxErrorText) sentence.resize(kMaxErrorText);
    const Errc code = codeOf(sentence);  // before the sentence is moved from
    return Error(code, std::move(sentence));
}

bool isNothing(std::string_view json) {
    return json.empty() || json == "null" || json == "false" || json == "0" || json == "\"\"";
}

/// Whether what stands in "error" really is one, where results stand there too.
bool isRealError(std::string_view json) {
    if (json.starts_with('{'))
        return wire::findMember(json, "message").has_value() &&
               wire::findMember(json, "stack").has_value();
    if (!json.starts_with('"')) return false;
    const auto text = wire::unescapeJson(json).value_or(std::string());
    return text == "error" || codeOf(text) != Errc::Failed;
}

std::string objectError(std::string_view message) {
    return "{\"message\":" + wire::jsonString(message) + '}';
}

}  // namespace

ResultSlot resultSlot(std::string_view moduleId, std::string_view body) {
    const auto* first = std::find_if(kResultsInError.begin(), kResultsInError.end(),
                                     [&](const Quirk& q) { return q.moduleId == moduleId; });
    if (first == kResultsInError.end()) return ResultSlot::Body;
    const auto operation = wire::findMember(body, first->field);
    if (!operation) return ResultSlot::Body;
    const bool isQuirk = std::any_of(first, kResultsInError.end(), [&](const Quirk& q) {
        return q.moduleId == moduleId && q.operation == operation->text;
    });
    return isQuirk ? ResultSlot::Error : ResultSlot::Body;
}

Result<JsonText> resultOf(Message response, ResultSlot slot) {
    if (slot == ResultSlot::Error && response.body.empty() && !response.error.empty()) {
        if (isRealError(response.error)) return peerError(response.error);
        return std::move(response.error);
    }
    if (!isNothing(response.error)) return peerError(response.error);
    if (response.body.empty()) return JsonText("null");
    return std::move(response.body);
}

JsonText errorText(const Error& error, std::string_view moduleId) {
    const std::string id(moduleId);
    switch (error.code()) {
        case Errc::UnknownModule: return wire::jsonString(std::string(kUnknownModule) + id);
        case Errc::ModuleDisabled: return wire::jsonString("module " + id + " is disable");
        case Errc::Denied: return objectError(kDenied);
        case Errc::UnknownServer:
            return objectError(error.detail().empty() ? std::string(kUnknownServer)
                                                      : error.detail());
        default: break;
    }
    return wire::jsonString(error.detail().empty() ? errcName(error.code()) : error.detail());
}

std::string encodeResult(std::string_view id, std::string_view moduleId, ResultSlot slot,
                         const Result<JsonText>& result) {
    if (slot == ResultSlot::Body)
        return result ? encodeResponse(id, "null", *result)
                      : encodeResponse(id, errorText(result.error(), moduleId), {});
    if (result) return encodeResponse(id, result->empty() ? std::string_view("null") : *result, {});
    // The watcher's own word for "failed" is 0 (pomelo lib/modules/monitorwatcher.js).
    if (moduleId == kWatcher) return encodeResponse(id, "0", {});
    return encodeResponse(id, errorText(result.error(), moduleId), {});
}

}  // namespace muster::pomelo
