#pragma once

#include <cstddef>

namespace muster::app {

/// How many of `wanted` connections the system lets a master have, beside its other files: by the
/// hard limit (ulimit -Hn), which allowConnections() can raise the soft one to.
std::size_t possibleConnections(std::size_t wanted);

/// Raises this process' soft limit of open files (ulimit -Sn; most often 1024) as far as that many
/// connections need. Programs that are started from here on inherit it.
void allowConnections(std::size_t count);

}  // namespace muster::app
