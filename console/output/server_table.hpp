#pragma once

#include "console/arguments.hpp"
#include "console/output/terminal.hpp"
#include "console/server_row.hpp"

#include <string>
#include <vector>

namespace muster::cli {

/// The list of servers in `format`. Table picks the full columns, or fewer on a terminal under 80
/// columns; Wide adds ports, desired state, last exit and the epoch; JsonLines is one row a line;
/// Name one id a line; Pomelo the columns of pomelo-cli's `list`; Json the master's whole answer
/// with only `rows` in it.
std::string renderServers(const ServerList& list, Format format, const Terminal& terminal);

/// JSON for stdout: pure ASCII, so that nothing in it can reach a terminal as a control sequence.
std::string safeJson(const JsonText& text, bool isPretty);

}  // namespace muster::cli
