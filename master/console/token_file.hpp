#pragma once

#include <muster/result.hpp>

#include <string>

namespace muster {

/// The secrets that muster makes for itself, one file each in the state directory, mode 0600.
struct Tokens {
    std::string admin;   // admin.token: user `admin`, level 1, for the command line
    std::string node;    // node.token: host agents, as `node-<host>`
    std::string server;  // server.token: native monitors of a cluster without adminServer.json
};

/// Reads a token, or makes one of 64 hex digits on first start. An existing file that is not one,
/// or that others may read, is an error that names the cure: a leaked secret is not used.
Result<std::string> readOrCreateToken(const std::string& path);
/// All three, from an existing directory.
Result<Tokens> readOrCreateTokens(const std::string& stateDirectory);

}  // namespace muster
