#pragma once

#include <string>

namespace muster::mqtt {

/// Why no connection to the broker at `url` (mqtt://host:port, mqtts://...) comes about, in words:
/// looks its name up and connects once more. Blocks as long as the lookup takes, and then 2 s.
std::string diagnoseConnect(const std::string& url);

}  // namespace muster::mqtt
