#pragma once

#include "common/config/cluster_config.hpp"

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::supervisor {

/// Everything a node needs to run one server without its master: names expanded, nothing to look
/// up. Sent in `start` and `restart` orders and kept on the node's disk.
struct ServerSpec {
    std::string id;
    std::string type;
    std::string host = "127.0.0.1";
    int port = 0;
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;  // MUSTER_* of the master included
    std::string cwd;
    std::string user;
    config::RestartPolicy restart;
    config::StopPolicy stop;
    config::Readiness readiness;
    config::Liveness liveness;
    config::OnUnresponsive onUnresponsive = config::OnUnresponsive::Report;
    ProcessSettings process;
    bool isPomelo = false;
    bool operator==(const ServerSpec&) const = default;
};

JsonText encode(const ServerSpec& spec);
/// BadMessage names the field. At most 1024 arguments and variables, 128 KiB each.
Result<ServerSpec> decodeSpec(std::string_view text);

}  // namespace muster::supervisor
