#include "app/keep.hpp"

#include "common/log.hpp"
#include "keeper/keeper.hpp"

#include <cstdlib>

namespace muster::app {
namespace {

constexpr std::size_t kMaxLogFile = 4 << 20;

}  // namespace

int runKeep(const KeepOptions& options) {
    if (!options.logFile.empty()) {
        log::Options logging;
        logging.file = options.logFile;
        logging.maxFileSize = kMaxLogFile;
        log::configure(logging);
    }
    keeper::KeeperOptions keeping;
    keeping.stateDirectory = options.stateDirectory;
    keeping.nodeArgv = options.nodeArgv;
    keeping.keeperArgv = options.argv;
    if (const char* parent = std::getenv("MUSTER_CGROUP")) keeping.cgroupParent = parent;
    const auto result = keeper::runKeeper(keeping);
    if (result) return 0;
    log::error("keeper", "{}", result.error().detail());
    return result.error().code() == Errc::Conflict ? 8 : 1;
}

}  // namespace muster::app
