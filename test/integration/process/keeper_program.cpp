// A keeper as `muster keep` runs it: keeper_program <state> [node argv...].
#include "keeper/keeper.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    muster::keeper::KeeperOptions options;
    options.stateDirectory = argv[1];
    options.keeperArgv.assign(argv, argv + argc);
    options.nodeArgv.assign(argv + 2, argv + argc);
    if (const char* parent = std::getenv("MUSTER_CGROUP")) options.cgroupParent = parent;
    auto result = muster::keeper::runKeeper(options);
    if (result) return 0;
    std::fprintf(stderr, "%s\n", result.error().detail().c_str());
    return result.error().code() == muster::Errc::Conflict ? 8 : 1;
}
