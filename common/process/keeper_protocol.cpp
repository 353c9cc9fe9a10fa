#include "common/process/keeper_protocol.hpp"

#include "common/wire/topics.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::keeper {

using Json = nlohmann::json;

namespace {

constexpr std::array<std::pair<Request::Op, const char*>, 9> kOps{
    {{Request::Op::Spawn, "spawn"},
     {Request::Op::Signal, "signal"},
     {Request::Op::Sweep, "sweep"},
     {Request::Op::List, "list"},
     {Request::Op::Forget, "forget"},
     {Request::Op::Attach, "attach"},
     {Request::Op::Shutdown, "shutdown"},
     {Request::Op::Release, "release"},
     {Request::Op::Upgrade, "upgrade"}}};

const char* nameOf(Request::Op op) {
    for (const auto& [known, name] : kOps)
        if (known == op) return name;
    return "list";
}

bool isOf(std::string_view text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               extra.find(c) != std::string_view::npos;
    });
}

bool isNonce(std::string_view nonce) {
    return nonce.size() >= 8 && nonce.size() <= 64 && isOf(nonce, "-");
}

bool hasNul(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

Error bad(const std::string& what) {
    return Error(Errc::BadMessage, "keeper request: " + what);
}

std::string textOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <class Number>
Number numberOf(const Json& object, const char* key, Number fallback = 0) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<Number>() : fallback;
}

bool boolOf(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

Result<std::vector<std::string>> stringsOf(const Json& object, const char* key) {
    std::vector<std::string> strings;
    const auto found = object.find(key);
    if (found == object.end()) return strings;
    if (!found->is_array() || found->size() > 4096)
        return bad(std::string(key) + " must be an array of at most 4096 strings");
    for (const Json& item : *found) {
        if (!item.is_string()) return bad(std::string(key) + " must hold strings");
        strings.push_back(item.get<std::string>());
        if (hasNul(strings.back())) return bad(std::string(key) + " holds a NUL byte");
    }
    return strings;
}

Result<SpawnRequest> spawnOf(const Json& object) {
    SpawnRequest spawn;
    spawn.id = textOf(object, "id");
    spawn.nonce = textOf(object, "nonce");
    auto argv = stringsOf(object, "argv");
    if (!argv) return argv.error();
    auto env = stringsOf(object, "env");
    if (!env) return env.error();
    spawn.argv = std::move(*argv);
    spawn.env = std::move(*env);
    spawn.cwd = textOf(object, "cwd");
    spawn.user = textOf(object, "user");
    spawn.readyPattern = textOf(object, "readyPattern");
    if (spawn.id == kNodeId) return bad("id " + spawn.id + " is reserved for the node");
    if (spawn.argv.empty() || spawn.argv.front().empty()) return bad("argv is empty");
    if (!spawn.cwd.empty() && spawn.cwd.front() != '/') return bad("cwd is not absolute");
    if (hasNul(spawn.cwd) || hasNul(spawn.user)) return bad("cwd or user holds a NUL byte");
    if (const auto found = object.find("settings"); found != object.end()) {
        auto settings = decodeProcessSettings(jsonText(*found));
        if (!settings) return settings.error();
        spawn.settings = std::move(*settings);
    }
    if (spawn.readyPattern.size() > 1024) return bad("readyPattern is longer than 1024 bytes");
    const std::string nonce = "MUSTER_NONCE=" + spawn.nonce;
    if (std::find(spawn.env.begin(), spawn.env.end(), nonce) == spawn.env.end())
        return bad("env lacks " + nonce);
    return spawn;
}

Json jsonOf(const ExitStatus& exit) {
    Json json{{"known", exit.isKnown}, {"code", exit.code},     {"signal", exit.signal},
              {"core", exit.hasCore},  {"timeMs", exit.timeMs}, {"ranForMs", exit.ranForMs}};
    if (exit.isOutOfMemory) json["outOfMemory"] = true;
    if (exit.memoryLimit > 0) json["memoryLimit"] = exit.memoryLimit;
    if (!exit.lastLines.empty()) json["lastLines"] = exit.lastLines;
    if (exit.remnants > 0) json["remnants"] = exit.remnants;
    if (exit.remaining > 0) json["remaining"] = exit.remaining;
    return json;
}

ExitStatus exitOf(const Json& json) {
    ExitStatus exit;
    exit.isKnown = boolOf(json, "known");
    exit.code = numberOf<int>(json, "code");
    exit.signal = numberOf<int>(json, "signal");
    exit.hasCore = boolOf(json, "core");
    exit.timeMs = numberOf<std::int64_t>(json, "timeMs");
    exit.ranForMs = numberOf<std::int64_t>(json, "ranForMs");
    exit.isOutOfMemory = boolOf(json, "outOfMemory");
    exit.memoryLimit = numberOf<std::int64_t>(json, "memoryLimit");
    exit.remnants = numberOf<int>(json, "remnants");
    exit.remaining = numberOf<int>(json, "remaining");
    const auto lines = json.find("lastLines");
    if (lines == json.end() || !lines->is_array()) return exit;
    for (const Json& line : *lines)
        if (line.is_string() && exit.lastLines.size() < kMaxLastLines)
            exit.lastLines.push_back(line.get<std::string>().substr(0, kMaxLastBytes));
    return exit;
}

Json jsonOf(const ChildState& child) {
    Json json{{"id", child.id},
              {"nonce", child.nonce},
              {"pid", child.pid},
              {"startTicks", child.startTicks},
              {"startedMs", child.startedMs},
              {"adopted", child.isAdopted},
              {"matched", child.isMatched},
              {"lostLines", child.lostLines}};
    if (!child.cgroup.empty()) json["cgroup"] = child.cgroup;
    if (child.exit) json["exit"] = jsonOf(*child.exit);
    return json;
}

Result<ChildState> childOf(const Json& json) {
    if (!json.is_object()) return bad("a child must be an object");
    ChildState child;
    child.id = textOf(json, "id");
    child.nonce = textOf(json, "nonce");
    if (!wire::isValidId(child.id) || !isNonce(child.nonce))
        return bad("a child lacks its id or nonce");
    child.pid = numberOf<pid_t>(json, "pid");
    child.startTicks = numberOf<std::uint64_t>(json, "startTicks");
    child.startedMs = numberOf<std::int64_t>(json, "startedMs");
    child.isAdopted = boolOf(json, "adopted");
    child.isMatched = boolOf(json, "matched");
    child.lostLines = numberOf<std::uint64_t>(json, "lostLines");
    child.cgroup = textOf(json, "cgroup");
    const auto exit = json.find("exit");
    if (exit != json.end() && exit->is_object()) child.exit = exitOf(*exit);
    return child;
}

Errc codeOf(const std::string& name) {
    for (const Errc code : {Errc::Timeout, Errc::Closed, Errc::UnknownServer, Errc::Denied,
                            Errc::BadMessage, Errc::Conflict, Errc::NotSupported, Errc::Limit})
        if (name == errcName(code)) return code;
    return Errc::Failed;
}

Result<Answer> answerOf(const Json& json) {
    Answer answer;
    answer.seq = numberOf<std::uint64_t>(json, "seq");
    answer.count = numberOf<int>(json, "count");
    if (const auto error = json.find("error"); error != json.end())
        answer.error = Error(codeOf(textOf(*error, "code")), textOf(*error, "message"));
    const auto children = json.find("children");
    if (children == json.end() || !children->is_array()) return answer;
    for (const Json& item : *children) {
        auto child = childOf(item);
        if (!child) return child.error();
        answer.children.push_back(std::move(*child));
    }
    return answer;
}

}  // namespace

std::string encode(const Request& request) {
    Json json{{"seq", request.seq}, {"op", nameOf(request.op)}};
    if (request.op == Request::Op::Spawn) {
        const SpawnRequest& spawn = request.spawn;
        json.update({{"id", spawn.id},
                     {"nonce", spawn.nonce},
                     {"argv", spawn.argv},
                     {"env", spawn.env},
                     {"cwd", spawn.cwd},
                     {"user", spawn.user},
                     {"settings", Json::parse(encode(spawn.settings))},
                     {"readyPattern", spawn.readyPattern}});
    } else if (request.op == Request::Op::Upgrade) {
        json["program"] = request.program;
    } else if (!request.id.empty()) {
        json.update({{"id", request.id}, {"nonce", request.nonce}, {"signal", request.signal}});
    }
    return jsonText(json);
}

Result<Request> decodeRequest(std::string_view text) {
    auto json = parseJson(text);
    if (!json || !json->is_object()) return bad("not a JSON object");
    Request request;
    request.seq = numberOf<std::uint64_t>(*json, "seq");
    const std::string name = textOf(*json, "op");
    const auto op = std::find_if(kOps.begin(), kOps.end(),
                                 [&](const auto& known) { return name == known.second; });
    if (op == kOps.end()) return bad("unknown op \"" + name.substr(0, 64) + "\"");
    request.op = op->first;
    if (request.op == Request::Op::List || request.op == Request::Op::Attach ||
        request.op == Request::Op::Shutdown)
        return request;
    if (request.op == Request::Op::Upgrade) {
        request.program = textOf(*json, "program");
        if (request.program.empty() || request.program.front() != '/' || hasNul(request.program))
            return bad("program is no absolute path");
        return request;
    }
    request.id = textOf(*json, "id");
    request.nonce = textOf(*json, "nonce");
    request.signal = numberOf<int>(*json, "signal");
    if (!wire::isValidId(request.id)) return bad("id is not [A-Za-z0-9._-]{1,64}");
    if (!isNonce(request.nonce)) return bad("nonce is not [A-Za-z0-9-]{8,64}");
    if (request.signal < 0 || request.signal > 64) return bad("signal is not in 0..64");
    if (request.op != Request::Op::Spawn) return request;
    auto spawn = spawnOf(*json);
    if (!spawn) return spawn.error();
    request.spawn = std::move(*spawn);
    return request;
}

std::string encode(const Answer& answer) {
    Json json{{"seq", answer.seq}};
    if (answer.error)
        json["error"] = {{"code", errcName(answer.error->code())},
                         {"message", answer.error->detail()}};
    if (answer.count != 0) json["count"] = answer.count;
    Json children = Json::array();
    for (const ChildState& child : answer.children) children.push_back(jsonOf(child));
    if (!children.empty()) json["children"] = std::move(children);
    return jsonText(json);
}

std::string encode(const Event& event) {
    if (event.kind == Event::Kind::Ending) return R"({"event":"ending"})";
    return jsonText({{"event", event.kind == Event::Kind::Exited ? "exited" : "matched"},
                     {"child", jsonOf(event.child)}});
}

Result<std::variant<Answer, Event>> decodeFromKeeper(std::string_view text) {
    using Either = std::variant<Answer, Event>;
    auto json = parseJson(text);
    if (!json || !json->is_object()) return bad("the keeper sent no JSON object");
    const std::string name = textOf(*json, "event");
    if (name.empty()) {
        auto answer = answerOf(*json);
        if (!answer) return answer.error();
        return Either(std::move(*answer));
    }
    if (name == "ending") return Either(Event{Event::Kind::Ending, {}});
    const auto item = json->find("child");
    if (item == json->end()) return bad("an event lacks its child");
    auto child = childOf(*item);
    if (!child) return child.error();
    const auto kind = name == "matched" ? Event::Kind::Matched : Event::Kind::Exited;
    return Either(Event{kind, std::move(*child)});
}

JsonText encode(const ExitStatus& exit) {
    return jsonText(jsonOf(exit));
}

ExitStatus decodeExit(std::string_view text) {
    const auto json = parseJson(text);
    return json && json->is_object() ? exitOf(*json) : ExitStatus{};
}

std::string encode(const ChildState& child) {
    return jsonText(jsonOf(child));
}

Result<ChildState> decodeChild(std::string_view text) {
    auto json = parseJson(text);
    if (!json) return json.error();
    return childOf(*json);
}

std::string frame(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    std::string framed;
    framed.reserve(text.size() + 4);
    for (const int shift : {24, 16, 8, 0}) framed.push_back(static_cast<char>(size >> shift));
    return framed.append(text);
}

Result<std::optional<std::string>> FrameReader::next() {
    if (buffer_.size() < 4) return std::optional<std::string>();
    std::size_t size = 0;
    for (std::size_t at = 0; at < 4; ++at)
        size = (size << 8) | static_cast<unsigned char>(buffer_[at]);
    if (size > maxSize_)
        return Error(Errc::Limit, "a frame of " + std::to_string(size) + " bytes is above " +
                                      std::to_string(maxSize_));
    if (buffer_.size() < 4 + size) return std::optional<std::string>();
    std::optional<std::string> text = buffer_.substr(4, size);
    buffer_.erase(0, 4 + size);
    return text;
}

}  // namespace muster::keeper
