#pragma once

#include "common/process/unique_fd.hpp"

#include <muster/result.hpp>

#include <map>
#include <string>
#include <vector>

namespace muster::keeper {

/// Listening TCP sockets that the keeper opens for servers and hands to each of their lives: while
/// a server is started anew its clients wait in the queue instead of being refused.
class ListenSockets {
public:
    /// The sockets of `id` for "host:port" each, in that order; what is open already stays as it
    /// is, what is not named any more is closed. Each number is above 63. Failed names the address
    /// and why, e.g. "listen 127.0.0.1:80: Permission denied".
    Result<std::vector<int>> open(const std::string& id, const std::vector<std::string>& addresses);
    /// Takes over what a running server of an earlier keeper was given: from its pidfd.
    void adopt(const std::string& id, const std::vector<std::string>& addresses, int process);
    void close(const std::string& id) { sockets_.erase(id); }

private:
    using Sockets = std::map<std::string, UniqueFd>;
    std::map<std::string, Sockets> sockets_;
};

}  // namespace muster::keeper
