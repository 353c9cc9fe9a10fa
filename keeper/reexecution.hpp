#pragma once

#include <muster/result.hpp>

#include <string>
#include <vector>

namespace muster::keeper {

/// What a keeper leaves open for the program that it executes in its own place.
struct Heritage {
    int lock = -1;           // of the state directory; -1: there is no heritage
    std::vector<int> pipes;  // of the servers' output: what is in them is not lost meanwhile
    bool exists() const { return lock >= 0; }
};

/// What the program before this one left, if it was a keeper that executed this one. Takes it out
/// of the environment, so that no child has it: before there are threads.
Heritage takeHeritage();
/// Executes `argv`, argv[0] an absolute path, in place of this process: the same pid, so that its
/// children stay its children. Returns only if that fails, with everything as it was before.
Error executeInPlace(const std::vector<std::string>& argv, const Heritage& heritage);

}  // namespace muster::keeper
