#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <map>
#include <string>
#include <vector>

namespace muster::modules {

/// "key=value" arguments as pomelo's command line sends them. A value goes to the end of its
/// argument, '=' included. BadMessage names an argument without '=' or key, and a key given twice.
Result<std::map<std::string, std::string>> parseArguments(const std::vector<std::string>& args);
/// The arguments as a servers.json entry: numbers that are whole become numbers, true and false
/// booleans, the rest stays text.
JsonText serverEntry(const std::map<std::string, std::string>& arguments);
/// Four numbers from 0 to 255 with dots between them.
bool isAddress(const std::string& text);

}  // namespace muster::modules
