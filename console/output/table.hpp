#pragma once

#include "console/output/terminal.hpp"

#include <string>
#include <vector>

namespace muster::cli {

enum class Align { Left, Right };
enum class Colour { None, Green, Blue, Yellow, Red, Magenta, Dim };

struct Column {
    std::string title;
    Align align = Align::Left;
};

struct Cell {
    std::string text;  // anything; it is made safe for the terminal
    Colour colour = Colour::None;
};

/// `text` in `colour`, if the terminal has colours.
std::string coloured(std::string text, Colour colour, const Terminal& terminal);

/// Rows under titles, two spaces between columns. Never wraps: on a terminal the last column is cut
/// to what is left, then every line at the terminal's width.
class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// Missing cells are empty; surplus ones are dropped.
    void add(std::vector<Cell> row);
    /// All lines, each with a line end.
    /// Columns that the whole table needs.
    std::size_t width() const;
    std::string render(const Terminal& terminal) const;

private:
    std::vector<std::size_t> widths() const;
    std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                     const Terminal& terminal) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace muster::cli
