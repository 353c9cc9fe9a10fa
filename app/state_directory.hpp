#pragma once

#include <muster/result.hpp>

#include <string>

namespace muster::app {

/// Makes the state directory, for its owner alone; one that is there keeps its mode, as it may be
/// shared with other things. Failed: it cannot be made, or everybody may write to it.
Result<void> makeStateDirectory(const std::string& path);

}  // namespace muster::app
