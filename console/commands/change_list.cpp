#include "console/commands/change_list.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;

std::string textOf(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> textsOf(const json& object, const char* key) {
    std::vector<std::string> texts;
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array()) return texts;
    for (const json& entry : *found)
        if (entry.is_string()) texts.push_back(entry.get<std::string>());
    return texts;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

}  // namespace

bool Change::isTouching() const {
    const bool isEnding =
        change == "remove" || change == "move" || change == "restart" || change == "stop";
    return isEnding && state != "stopped";
}

std::string Change::why() const {
    const std::string parts = joined(keys);
    if (parts.empty() || note.empty()) return parts + note;
    return parts + " (" + note + ")";
}

std::string Change::diffLine() const {
    const char* mark = change == "add" ? "+" : change == "remove" ? "-" : "~";
    const std::string reason = why();
    return fmt::format("{} {} {}{}", mark, id, change, reason.empty() ? "" : ": " + reason);
}

Colour Change::colour() const {
    if (change == "add" || change == "start") return Colour::Green;
    if (change == "remove" || change == "stop") return Colour::Red;
    return isChange() ? Colour::Yellow : Colour::None;
}

bool ChangeList::hasChanges() const {
    return std::any_of(changes.begin(), changes.end(),
                       [](const Change& change) { return change.isChange(); });
}

std::size_t ChangeList::touched() const {
    return static_cast<std::size_t>(std::count_if(
        changes.begin(), changes.end(), [](const Change& change) { return change.isTouching(); }));
}

std::int64_t ChangeList::sessions() const {
    std::int64_t sessions = 0;
    for (const Change& change : changes)
        if (change.isTouching()) sessions += change.busy;
    return sessions;
}

std::string ChangeList::summary() const {
    std::string text;
    for (const char* word :
         {"add", "start", "remove", "stop", "move", "restart", "update", "unchanged"}) {
        const auto count = std::count_if(changes.begin(), changes.end(),
                                         [&](const Change& c) { return c.change == word; });
        if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
    }
    if (!hasChanges()) return "nothing to do: " + (text.empty() ? "no servers" : text);
    return fmt::format("plan {}: {}; touches {} running server{} with {} sessions", plan, text,
                       touched(), touched() == 1 ? "" : "s", sessions());
}

Result<ChangeList> parseChanges(const JsonText& answer) {
    const auto parsed = parseJson(answer);
    if (!parsed || !parsed->is_object() || !parsed->contains("changes") ||
        !parsed->at("changes").is_array())
        return Error(Errc::Failed, "the master's answer holds no plan");
    ChangeList list;
    list.json = answer;
    list.plan = textOf(*parsed, "plan");
    list.cluster = textOf(*parsed, "cluster");
    list.config = textOf(*parsed, "config");
    list.ofMaster = textsOf(*parsed, "master");
    for (const json& entry : parsed->at("changes")) {
        if (!entry.is_object()) continue;
        Change change;
        change.id = textOf(entry, "id");
        change.type = textOf(entry, "type");
        change.change = textOf(entry, "change");
        change.state = textOf(entry, "state");
        change.note = textOf(entry, "note");
        change.keys = textsOf(entry, "keys");
        const auto busy = entry.find("busy");
        if (busy != entry.end() && busy->is_number_integer())
            change.busy = busy->get<std::int64_t>();
        list.changes.push_back(std::move(change));
    }
    return list;
}

}  // namespace muster::cli
