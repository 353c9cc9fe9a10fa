#pragma once

#include <muster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// pomelo-admin's framing as both sides speak it: every quirk of it is here and nowhere else
/// (double encoding, ids as numbers or strings, results in "error", undefined against null).
/// Pure and total: any bytes give a value or an Error, in linear time and bounded depth.
namespace muster::pomelo {

inline constexpr std::string_view kRegisterTopic = "register";
inline constexpr std::string_view kReconnectTopic = "reconnect";
inline constexpr std::string_view kReconnectOkTopic = "reconnect_ok";
inline constexpr std::string_view kMonitorTopic = "monitor";
inline constexpr std::string_view kClientTopic = "client";

/// Bounds of what a peer may say about itself, in bytes.
inline constexpr std::size_t kMaxName = 256;       // ids, types, module ids, user names
inline constexpr std::size_t kMaxInfo = 64 << 10;  // the info object
inline constexpr std::size_t kMaxMessageId = 64;   // a reqId or respId, with its quotes

/// What "register" and "reconnect" carry (pomelo-admin lib/monitor/monitorAgent.js and
/// lib/client/client.js).
struct Registration {
    enum class Kind { Monitor, Client, Other };
    Kind kind = Kind::Other;
    std::string id;          // never empty after decoding
    std::string serverType;  // of a monitor
    long pid = 0;            // 0: not told
    JsonText info = "{}";    // of a monitor: an object, as it came
    std::string token;       // of a monitor; empty: none
    std::string username;    // of a client
    std::string password;    // of a client
    bool isMd5 = false;      // the password is md5 in hex
};
/// BadMessage if it is not one JSON object with an id; absent or null `info` counts as empty.
Result<Registration> decodeRegistration(std::string_view payload);
/// For a monitor towards an original master: "register" carries the token, "reconnect" has none.
std::string encodeRegister(const Registration& monitor);
std::string encodeReconnect(const Registration& monitor);
/// A member's address and all it registered with, as the modules see it.
ServerInfo serverInfo(const Registration& monitor);

/// Answer to "register" and, as "reconnect_ok", to "reconnect".
struct Ack {
    int code = 1;  // 1: accepted, -1: refused
    std::string message = "ok";
    bool isAccepted() const { return code == 1; }
};
std::string encodeAck(const Ack& ack);
Result<Ack> decodeAck(std::string_view payload);

/// What travels on "monitor" and "client".
struct Message {
    enum class Kind { Request, Notify, Response, Command };
    Kind kind = Kind::Notify;
    std::string
        id;  // reqId or respId as JSON text, e.g. `21` or `"21"`; empty: none. Echo verbatim
    std::string moduleId;
    std::string command;
    JsonText body;   // empty: undefined
    JsonText error;  // of a response; empty: undefined
};

/// Accepts single and double encoding. BadMessage on anything that is not one JSON object with
/// fields of the right types. A falsy reqId makes a notify, a falsy respId no response.
Result<Message> decodeMessage(std::string_view payload);

/// A request. `id` is JSON text; `body` empty or "null": left out. Double-encoded.
std::string encodeRequest(std::string_view id, std::string_view moduleId, std::string_view body);
/// A request of encodeRequest with a number for its id, as it is sent again: with that number as a
/// string (pomelo-admin's re-push).
std::string asRepush(const std::string& request, std::uint64_t number);
/// A notify, single-encoded. `body` as in encodeRequest.
std::string encodeNotify(std::string_view moduleId, std::string_view body);
/// A response with both slots as they are; empty ones are left out. Double-encoded.
std::string encodeResponse(std::string_view id, std::string_view error, std::string_view body);
/// A command to monitors, double-encoded, with an empty body: an unmodified monitor throws without
/// one, and with a clientId in it (pomelo-admin lib/consoleService.js, `command`).
std::string encodeCommand(std::string_view command, std::string_view moduleId);

/// A number that names a request, from its JSON text as number or string. No value: none of ours.
std::optional<std::uint64_t> numberOf(std::string_view id);
/// `number` as the text of a JSON string: how a kept request names itself when it is sent again.
std::string stringId(std::uint64_t number);

/// Where the result of a request travels: several of pomelo's handlers put it into "error".
enum class ResultSlot { Body, Error };
/// The slot for a request to a monitor.
ResultSlot resultSlot(std::string_view moduleId, std::string_view body);
/// What a monitor's response means, at the master.
Result<JsonText> resultOf(Message response, ResultSlot slot);
/// The response that says `result` to an unmodified peer. `moduleId` completes error sentences.
std::string encodeResult(std::string_view id, std::string_view moduleId, ResultSlot slot,
                         const Result<JsonText>& result);
/// pomelo's sentence for `error`, as JSON text: clients print it or look for it.
JsonText errorText(const Error& error, std::string_view moduleId);

}  // namespace muster::pomelo
