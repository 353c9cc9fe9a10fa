#pragma once

#include "console/cli.hpp"

#include <muster/master.hpp>

#include <memory>
#include <optional>
#include <vector>

/// What the muster program can be besides a client: each runs until it is told to end, and returns
/// the exit status. docs/commands/ has their options.
namespace muster::app {

/// What a program of somebody's own adds to a master (muster/master.hpp).
struct Extensions {
    std::vector<std::unique_ptr<AdminModule>> modules;
    LoginHook login;
};

/// `muster start` where no master answers: a master in the foreground, a keeper and a node beside
/// it, and all selected servers started. No value: another master leads here, and nothing was done.
std::optional<int> runStart(const cli::StartRequest& request, Extensions extensions);
/// `muster master`: a master alone.
int runMasterVerb(int argc, char** argv, Extensions extensions);
/// The tokens of a state directory, made if there are none.
Result<cli::StateTokens> stateTokens(const std::string& stateDirectory);
/// `muster node`: the host's agent.
int runNodeVerb(int argc, char** argv);
/// `muster keep`: holds the host's processes.
int runKeepVerb(int argc, char** argv);
/// `muster upgrade`: this program takes the place of the host's keeper and node.
int runUpgradeVerb(int argc, char** argv);

}  // namespace muster::app
