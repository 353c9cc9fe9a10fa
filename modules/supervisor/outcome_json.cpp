#include "modules/supervisor/outcome_json.hpp"

#include <muster/json.hpp>

#include <algorithm>

namespace muster::supervisor {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using Outcome = ServerOutcome::Kind;

namespace {

constexpr milliseconds kDefaultTimeout{60'000};
constexpr milliseconds kLongestTimeout{24LL * 3600 * 1000};

const char* outcomeName(Outcome kind) {
    switch (kind) {
        case Outcome::Done: return "done";
        case Outcome::AlreadyThere: return "already";
        case Outcome::Failed: return "failed";
        case Outcome::UnknownServer: return "unknown_server";
        case Outcome::TimedOut: return "timed_out";
        case Outcome::Refused: return "refused";
    }
    return "failed";
}

std::optional<milliseconds> spanAt(const Json& message, const char* key) {
    const auto given = message.find(key);
    if (given == message.end() || !given->is_number_integer()) return std::nullopt;
    return std::clamp(milliseconds(given->get<std::int64_t>()), milliseconds(1), kLongestTimeout);
}

}  // namespace

Json outcomeJson(const ServerOutcome& outcome) {
    return {{"id", outcome.id}, {"outcome", outcomeName(outcome.kind)}, {"detail", outcome.detail}};
}

Json changeJson(const ServerChange& change) {
    Json json{{"id", change.id},
              {"type", change.type},
              {"change", nameOf(change.kind)},
              {"state", change.state},
              {"busy", change.busy}};
    if (!change.keys.empty()) json["keys"] = change.keys;
    if (!change.note.empty()) json["note"] = change.note;
    return json;
}

Result<OperationOptions> optionsOf(const Json& message) {
    OperationOptions options;
    options.isOnlyChanged = message.value("onlyChanged", Json()) == true;
    options.drain = spanAt(message, "drainMs");
    options.isGivingUp = message.value("giveUp", Json()) == true;
    if (const auto width = message.find("width"); width != message.end()) {
        if (!width->is_number_unsigned() || *width == 0)
            return Error(Errc::BadMessage, "width must be a number of servers, 1 or more");
        options.width.servers = width->get<std::size_t>();
    }
    if (const auto percent = message.find("percent"); percent != message.end()) {
        if (!percent->is_number_unsigned() || *percent == 0 || *percent > 100)
            return Error(Errc::BadMessage, "percent must be 1 to 100");
        options.width.percent = percent->get<unsigned>();
    }
    return options;
}

milliseconds timeoutOf(const Json& message) {
    return spanAt(message, "timeoutMs").value_or(kDefaultTimeout);
}

}  // namespace muster::supervisor
