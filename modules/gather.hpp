#pragma once

#include <muster/master.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
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

/// Who asks the same while it is being asked gets the same answer: many who look at all servers at
/// once cost the servers no more than one.
class SharedAnswers {
public:
    /// Calls `ask` with the Reply of all who wait for `what`, unless it is being asked already.
    void ask(const std::string& what, Reply reply, const std::function<void(Reply)>& ask);

private:
    using Waiting = std::map<std::string, std::vector<Reply>>;
    std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();  // weak in what is asked
};

}  // namespace muster::modules
