#include "console/output/table.hpp"

#include "console/output/safe_text.hpp"

#include <algorithm>

namespace muster::cli {
namespace {

constexpr std::size_t kGap = 2;

const char* codeOf(Colour colour) {
    switch (colour) {
        case Colour::None: return "";
        case Colour::Green: return "\x1b[32m";
        case Colour::Blue: return "\x1b[34m";
        case Colour::Yellow: return "\x1b[33m";
        case Colour::Red: return "\x1b[31m";
        case Colour::Magenta: return "\x1b[35m";
        case Colour::Dim: return "\x1b[2m";
    }
    return "";
}

const char* ellipsisOf(const Terminal& terminal) {
    return terminal.isUtf8 ? "…" : "~";
}

}  // namespace

std::string coloured(std::string text, Colour colour, const Terminal& terminal) {
    if (!terminal.hasColour || colour == Colour::None) return text;
    return codeOf(colour) + text + "\x1b[0m";
}

void Table::add(std::vector<Cell> row) {
    row.resize(columns_.size());
    for (Cell& cell : row) cell.text = safeText(cell.text);
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths() const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = displayWidth(columns_[i].title);
        for (const auto& row : rows_) width = std::max(width, displayWidth(row[i].text));
        widths.push_back(width);
    }
    return widths;
}

std::size_t Table::width() const {
    std::size_t total = 0;
    for (const std::size_t width : widths()) total += width + kGap;
    return total == 0 ? 0 : total - kGap;
}

std::string Table::line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                        const Terminal& terminal) const {
    std::string text;
    std::size_t used = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const bool isLast = i + 1 == columns_.size();
        std::size_t room = widths[i];
        if (terminal.width > 0) {
            if (used >= terminal.width) break;
            room = std::min(room, terminal.width - used);
        }
        const std::string cell = fitted(row[i].text, room, ellipsisOf(terminal));
        const std::string padding(room - std::min(room, displayWidth(cell)), ' ');
        const std::string shown = coloured(cell, row[i].colour, terminal);
        const bool isRight = columns_[i].align == Align::Right;
        text += isRight ? padding + shown : shown;
        if (!isLast && !isRight) text += padding;
        if (!isLast) text += std::string(kGap, ' ');
        used += room + kGap;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

std::string Table::render(const Terminal& terminal) const {
    const auto all = widths();
    std::vector<Cell> titles;
    for (const Column& column : columns_) titles.push_back({column.title, Colour::Dim});
    std::string text = line(titles, all, terminal);
    for (const auto& row : rows_) text += line(row, all, terminal);
    return text;
}

}  // namespace muster::cli
