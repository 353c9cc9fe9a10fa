#include "console/log_lines.hpp"

#include <muster/json.hpp>

#include <algorithm>

namespace muster::cli {

using nlohmann::json;

namespace {

constexpr std::size_t kStreamsAtOnce = 64;
constexpr std::size_t kWhole = 100'000;

std::string textOf(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

void LogLines::add(const std::string& id, const std::string& stream, bool isWhole) {
    streams_.try_emplace({id, stream}).first->second.isWhole = isWhole;
}

bool LogLines::has(const std::string& id) const {
    return std::any_of(streams_.begin(), streams_.end(),
                       [&id](const auto& entry) { return entry.first.first == id; });
}

std::vector<JsonText> LogLines::questions(bool isAll, bool isLast) const {
    // Those that begin with all they have are asked apart: the tail holds for a whole question.
    std::vector<json> asked;
    for (const bool isWhole : {false, true}) {
        json streams = json::array();
        const auto ask = [&] {
            if (streams.empty()) return;
            asked.push_back({{"op", "logs"},
                             {"tail", isWhole ? kWhole : tail_},
                             {"open", isLast},
                             {"streams", std::exchange(streams, json::array())}});
        };
        for (const auto& [name, stream] : streams_) {
            if (stream.isWhole != isWhole || !(isAll || stream.hasMore)) continue;
            json one{{"id", name.first}, {"stream", name.second}};
            if (!stream.cursor.empty()) one["cursor"] = stream.cursor;
            streams.push_back(std::move(one));
            if (streams.size() == kStreamsAtOnce) ask();
        }
        ask();
    }
    std::vector<JsonText> questions;
    for (const json& one : asked) questions.push_back(jsonText(one));
    return questions;
}

Result<void> LogLines::take(const JsonText& answer) {
    const auto parsed = parseJson(answer);
    if (!parsed || !parsed->is_object() || !parsed->contains("logs") ||
        !parsed->at("logs").is_array())
        return Error(Errc::Failed, "the master's answer holds no logs");
    for (const json& page : parsed->at("logs")) {
        if (!page.is_object()) continue;
        const Name name{textOf(page, "id"), textOf(page, "stream")};
        const auto found = streams_.find(name);
        if (found == streams_.end()) continue;
        Stream& stream = found->second;
        const std::string error = textOf(page, "error");
        stream.hasMore = false;
        if (!error.empty() && error != stream.error)
            remarks_.push_back("-- no " + name.second + " of " + name.first + ": " + error + " --");
        stream.error = error;
        if (!error.empty()) continue;
        if (page.value("gap", json()) == true)
            remarks_.push_back("-- lines of " + name.second + " of " + name.first +
                               " were rotated away before they were read --");
        stream.cursor = textOf(page, "cursor");
        stream.hasMore = page.value("more", json()) == true;
        const auto lines = page.find("lines");
        if (lines == page.end() || !lines->is_array()) continue;
        for (const json& line : *lines) {
            const bool isLine = line.is_array() && line.size() == 2 &&
                                line[0].is_number_integer() && line[1].is_string();
            if (!isLine) continue;
            lines_.push_back(
                {line[0].get<std::int64_t>(), name.first, name.second, line[1].get<std::string>()});
            bytes_ += lines_.back().text.size() + sizeof(LogText);
            ++stream.taken;
        }
        // History ends: of one that never stops writing, too.
        if (!isFollowing_ && !stream.isWhole && stream.taken >= tail_) stream.hasMore = false;
    }
    return {};
}

bool LogLines::hasMore() const {
    return std::any_of(streams_.begin(), streams_.end(),
                       [](const auto& entry) { return entry.second.hasMore; });
}

std::size_t LogLines::failures() const {
    return static_cast<std::size_t>(
        std::count_if(streams_.begin(), streams_.end(),
                      [](const auto& entry) { return !entry.second.error.empty(); }));
}

std::vector<LogText> LogLines::lines() {
    // A clock that was set back must not turn the lines of one stream around.
    std::map<Name, std::int64_t> latest;
    for (LogText& line : lines_) {
        std::int64_t& time = latest[{line.id, line.stream}];
        time = line.timeMs = std::max(line.timeMs, time);
    }
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const LogText& a, const LogText& b) { return a.timeMs < b.timeMs; });
    bytes_ = 0;
    return std::exchange(lines_, {});
}

}  // namespace muster::cli
