#include "app/keep.hpp"

#include "common/log.hpp"
#include "keeper/keeper.hpp"

namespace muster::app {

int runKeep(const KeepOptions& options) {
    keeper::KeeperOptions keeping;
    keeping.stateDirectory = options.stateDirectory;
    keeping.nodeArgv = options.nodeArgv;
    const auto result = keeper::runKeeper(keeping);
    if (result) return 0;
    log::error("keeper", "{}", result.error().detail());
    return result.error().code() == Errc::Conflict ? 8 : 1;
}

}  // namespace muster::app
