#include "app/open_files.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace muster::app {
namespace {

/// Stores, logs, listeners, requests for metrics, and what is opened for a moment.
constexpr std::size_t kOtherFiles = 256;

}  // namespace

std::size_t possibleConnections(std::size_t wanted) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max == RLIM_INFINITY) return wanted;
    const std::size_t most =
        files.rlim_max > 2 * kOtherFiles ? files.rlim_max - kOtherFiles : files.rlim_max / 2;
    return std::min(wanted, std::max<std::size_t>(most, 1));
}

void allowConnections(std::size_t count) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    const rlim_t needed = count + kOtherFiles;
    if (files.rlim_cur == RLIM_INFINITY || files.rlim_cur >= needed) return;
    files.rlim_cur = std::min(needed, files.rlim_max);
    (void)::setrlimit(RLIMIT_NOFILE, &files);  // what is not possible, accept() will say
}

}  // namespace muster::app
