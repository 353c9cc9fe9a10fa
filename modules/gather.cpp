#include "modules/gather.hpp"

#include <cstddef>
#include <memory>

namespace muster::modules {
namespace {

/// Shared by the replies of one round.
struct Round {
    std::vector<Gathered> gathered;
    std::size_t missing = 0;
    std::function<void(std::vector<Gathered>)> done;
};

}  // namespace

void gather(MasterAgent& agent, std::vector<ServerInfo> servers, std::string_view moduleId,
            const JsonText& body, std::chrono::milliseconds timeout,
            std::function<void(std::vector<Gathered>)> done) {
    if (servers.empty()) return done({});
    auto round = std::make_shared<Round>();
    round->missing = servers.size();
    round->done = std::move(done);
    for (ServerInfo& server : servers)
        round->gathered.push_back({std::move(server), Errc::Timeout});
    // By index: an answer may come before the next request is made.
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const std::string id = round->gathered[i].server.id;
        const Reply reply = [round, i](Result<JsonText> result) {
            round->gathered[i].result = std::move(result);
            if (--round->missing == 0) round->done(std::move(round->gathered));
        };
        agent.request(id, moduleId, body, reply, timeout);
    }
}

void SharedAnswers::ask(const std::string& what, Reply reply,
                        const std::function<void(Reply)>& ask) {
    auto& replies = (*waiting_)[what];
    replies.push_back(std::move(reply));
    if (replies.size() > 1) return;
    ask([waiting = std::weak_ptr<Waiting>(waiting_), what](const Result<JsonText>& result) {
        const auto all = waiting.lock();
        if (!all) return;
        auto answered = all->extract(what);  // who asks in its reply asks anew
        if (answered.empty()) return;
        for (const Reply& one : answered.mapped()) one(result);
    });
}

}  // namespace muster::modules
