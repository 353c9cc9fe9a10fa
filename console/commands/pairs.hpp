#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <string>
#include <vector>

namespace muster::cli {

/// `key=value` words as a JSON object. Numbers, true and false become what they look like, but for
/// ids, hosts and types, which stay text. BadMessage names the first word that is no pair, or a key
/// given twice.
Result<JsonText> parsePairs(const std::vector<std::string>& words);

}  // namespace muster::cli
