#pragma once

#include "console/arguments.hpp"

#include <string>

namespace muster::cli {

/// A command line taken apart, or why not.
struct Parsed {
    bool isUsable = false;
    Arguments arguments;
    std::string complaint;  // for stderr, one line or more; if not usable
};

/// Parses `argv`. Global flags may stand before and after the verb.
Parsed parseArguments(int argc, const char* const* argv);

/// Help of a verb, or of the whole program for an empty one; empty: there is no such verb.
std::string helpText(const std::string& verb);
/// All verbs, for completion.
std::string verbList();

}  // namespace muster::cli
