#pragma once

#include "console/cli.hpp"

#include <muster/result.hpp>

#include <string>
#include <vector>

namespace muster::config {
struct Cluster;
}

namespace muster::cli {

/// The ACL of docs/protocol.md for a Mosquitto that serves `cluster`: what anonymous clients,
/// administrators, the master and each monitor may publish and read. BadMessage if a name of the
/// configuration would change the meaning of the file. `nodes`: ids of the host agents.
Result<std::string> mosquittoAcl(const config::Cluster& cluster,
                                 const std::vector<std::string>& nodes);

/// Lines of a password file in clear, to be hashed by `mosquitto_passwd -U`, and what could not
/// be written.
struct PasswordFile {
    std::string text;
    std::vector<std::string> remarks;
};
Result<PasswordFile> mosquittoPasswords(const config::Cluster& cluster, const StateTokens& tokens,
                                        const std::vector<std::string>& nodes);

}  // namespace muster::cli
