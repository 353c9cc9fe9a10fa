#pragma once

#include <muster/master.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::modules {

/// One server's answer.
struct Gathered {
    ServerInfo server;
    Result<JsonText> result;
};

/// Asks `servers` the same thing at once and calls `done` once, when each has answered or failed,
/// in the order of `servers`; each request has its own `timeout`. No servers: at once.
void gather(MasterAgent& agent, std::vector<ServerInfo> servers, std::string_view moduleId,
            const JsonText& body, std::chrono::milliseconds timeout,
            std::function<void(std::vector<Gathered>)> done);

}  // namespace muster::modules
