#include "console/output/server_table.hpp"

#include "console/output/safe_text.hpp"
#include "console/output/server_state.hpp"
#include "console/output/table.hpp"
#include "console/output/units.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLeastNote = 20;
/// What is left out of a narrow terminal, the first first.
constexpr std::array<std::string_view, 11> kDroppable{
    "LOAD", "VER", "SESS", "AGE", "HOST", "TYPE", "CPU%", "READY", "RSS", "RST", "PID"};

struct Field {
    Column column;
    std::function<Cell(const ServerRow&)> cell;
};

std::string dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

std::string numberText(const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : "-";
}

Field left(const char* title, std::string ServerRow::*member) {
    return {{title, Align::Left}, [member](const ServerRow& r) { return Cell{dash(r.*member)}; }};
}

Field number(const char* title, std::optional<std::int64_t> ServerRow::*member) {
    return {{title, Align::Right},
            [member](const ServerRow& r) { return Cell{numberText(r.*member)}; }};
}

Field span(const char* title, std::optional<std::chrono::milliseconds> ServerRow::*member) {
    return {{title, Align::Right}, [member](const ServerRow& r) {
                return Cell{r.*member ? durationText(*(r.*member)) : "-"};
            }};
}

Field stateField(const Terminal& terminal) {
    return {{"STATE"}, [terminal](const ServerRow& r) { return stateCell(r.state, terminal); }};
}

Field readyField() {
    return {{"READY"}, [](const ServerRow& r) {
                return Cell{r.isReady ? "yes" : "no", r.isReady ? Colour::None : Colour::Yellow};
            }};
}

Field cpuField() {
    return {{"CPU%", Align::Right}, [](const ServerRow& r) {
                return Cell{r.cpuPercent ? percentText(*r.cpuPercent) : "-"};
            }};
}

Field rssField() {
    return {{"RSS", Align::Right},
            [](const ServerRow& r) { return Cell{r.rssBytes ? sizeText(*r.rssBytes) : "-"}; }};
}

/// Nothing reports a load yet: the column is part of the contract, its value is unknown.
Field loadField() {
    return {{"LOAD", Align::Right}, [](const ServerRow&) { return Cell{"-"}; }};
}

std::vector<Field> miniFields(const Terminal& terminal) {
    return {
        left("ID", &ServerRow::id),          stateField(terminal), span("UP", &ServerRow::uptime),
        number("RST", &ServerRow::restarts), cpuField(),           rssField(),
        left("NOTE", &ServerRow::note)};
}

std::vector<Field> fullFields(const Terminal& terminal) {
    return {left("ID", &ServerRow::id),
            left("TYPE", &ServerRow::type),
            left("HOST", &ServerRow::host),
            stateField(terminal),
            readyField(),
            number("PID", &ServerRow::pid),
            span("UP", &ServerRow::uptime),
            number("RST", &ServerRow::restarts),
            cpuField(),
            rssField(),
            loadField(),
            number("SESS", &ServerRow::busy),
            left("VER", &ServerRow::version),
            span("AGE", &ServerRow::age),
            left("NOTE", &ServerRow::note)};
}

std::vector<Field> wideFields(const ServerList& list, const Terminal& terminal) {
    auto fields = fullFields(terminal);
    const std::string epoch = std::to_string(list.epoch);
    const Field agent{{"AGENT"}, [](const ServerRow& r) {
                          if (r.isPomelo) return Cell{"pomelo"};
                          return Cell{r.isManaged ? "node" : "own"};
                      }};
    const Field epochField{{"EPOCH", Align::Right},
                           [epoch](const ServerRow&) { return Cell{epoch}; }};
    fields.insert(fields.end() - 1,
                  {number("PORT", &ServerRow::port), number("CLIENT", &ServerRow::clientPort),
                   left("DESIRED", &ServerRow::desired), agent, epochField,
                   left("EXIT", &ServerRow::lastExit)});
    return fields;
}

/// The columns that pomelo-cli's `list` prints; heapUsed is JavaScript's and unknown here.
std::vector<Field> pomeloFields() {
    return {
        left("serverId", &ServerRow::id),
        left("serverType", &ServerRow::type),
        number("pid", &ServerRow::pid),
        {{"rss(M)", Align::Right},
         [](const ServerRow& r) {
             return Cell{r.rssBytes ? fmt::format("{:.2f}", static_cast<double>(*r.rssBytes) /
                                                                (1024.0 * 1024.0))
                                    : "-"};
         }},
        {{"heapUsed(M)", Align::Right}, [](const ServerRow&) { return Cell{"-"}; }},
        {{"uptime(m)", Align::Right}, [](const ServerRow& r) {
             if (!r.uptime) return Cell{"-"};
             return Cell{fmt::format("{:.2f}", static_cast<double>(r.uptime->count()) / 60'000.0)};
         }}};
}

Table tableOf(const ServerList& list, const std::vector<Field>& fields) {
    std::vector<Column> columns;
    for (const Field& field : fields) columns.push_back(field.column);
    Table table(std::move(columns));
    for (const ServerRow& row : list.rows) {
        std::vector<Cell> cells;
        for (const Field& field : fields) cells.push_back(field.cell(row));
        table.add(std::move(cells));
    }
    return table;
}

std::string renderTable(const ServerList& list, const std::vector<Field>& fields,
                        const Terminal& terminal) {
    return tableOf(list, fields).render(terminal);
}

/// Leaves out what is missed least, until the terminal has room for the rest; of the note, which
/// is last and may be cut, at least a part.
std::string renderFitted(const ServerList& list, std::vector<Field> fields,
                         const Terminal& terminal) {
    if (terminal.width == 0) return renderTable(list, fields, terminal);
    std::size_t noteWidth = 0;
    for (const ServerRow& row : list.rows) noteWidth = std::max(noteWidth, row.note.size());
    const std::size_t cuttable = noteWidth > kLeastNote ? noteWidth - kLeastNote : 0;
    for (const std::string_view title : kDroppable) {
        if (tableOf(list, fields).width() <= terminal.width + cuttable) break;
        fields.erase(
            std::remove_if(fields.begin(), fields.end(),
                           [title](const Field& field) { return field.column.title == title; }),
            fields.end());
    }
    return renderTable(list, fields, terminal);
}

std::string renderJson(const ServerList& list) {
    Json whole = Json::parse(list.json, nullptr, false);
    Json rows = Json::array();
    for (const ServerRow& row : list.rows) rows.push_back(Json::parse(row.json, nullptr, false));
    whole["servers"] = std::move(rows);
    return whole.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string safeJson(const JsonText& text, bool isPretty) {
    const Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded()) return "null";
    return value.dump(isPretty ? 2 : -1, ' ', true, Json::error_handler_t::replace);
}

std::string renderServers(const ServerList& list, Format format, const Terminal& terminal) {
    std::string text;
    switch (format) {
        case Format::Json: return renderJson(list);
        case Format::JsonLines:
            for (const ServerRow& row : list.rows) text += safeJson(row.json, false) + "\n";
            return text;
        case Format::Name:
            for (const ServerRow& row : list.rows) text += safeText(row.id) + "\n";
            return text;
        case Format::Pomelo: return renderTable(list, pomeloFields(), terminal);
        case Format::Wide: return renderTable(list, wideFields(list, terminal), terminal);
        case Format::Table: break;
    }
    const bool isNarrow = terminal.width > 0 && terminal.width < 80;
    return renderFitted(list, isNarrow ? miniFields(terminal) : fullFields(terminal), terminal);
}

}  // namespace muster::cli
