#pragma once

#include "common/config/draft.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace muster::config {

/// Where the files of one configuration are.
struct Location {
    std::filesystem::path configDirectory;  // as given, so that problems name what the user knows
    std::filesystem::path base;             // absolute
    std::string env;
};

/// Finds the config directory below `path`; a Problem says what is missing.
std::optional<Location> locate(const std::string& path, const std::string& env, Problems& problems);

/// Reads `config/<name>`, or else `config/<env>/<name>`, and chooses the environment's block if the
/// first has one. No value if there is no such file, or if it is not JSON (then reported).
std::optional<SourceFile> readSource(const Location& location, const std::string& name,
                                     bool hasEnvironments, Problems& problems);

}  // namespace muster::config
