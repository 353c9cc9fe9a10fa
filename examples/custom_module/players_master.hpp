#pragma once

#include <muster/master.hpp>

#include <map>
#include <string>

namespace players {

/// The half of module `players` in the master: keeps what servers told, forgets those that left,
/// and answers administrators with the total.
class PlayersMaster final : public muster::AdminModule {
public:
    std::string_view id() const override { return "players"; }
    int requiredLevel(const muster::JsonText& /*message*/) const override { return 2; }
    void start(muster::MasterAgent& agent) override;
    void masterHandler(muster::MasterAgent& agent, const muster::ServerInfo& from,
                       const muster::JsonText& message, muster::Reply reply) override;
    void clientHandler(muster::MasterAgent& agent, const muster::Caller& caller,
                       const muster::JsonText& message, muster::Reply reply) override;

private:
    std::map<std::string, int> players_;  // by server
};

}  // namespace players
