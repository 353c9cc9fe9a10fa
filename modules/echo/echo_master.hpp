#pragma once

#include <muster/master.hpp>

#include <string_view>

namespace muster::modules {

/// Answers what it is asked; {"target":id,"payload":x} from a client asks `echo` at that server.
/// Off by default; for tests and measurements.
class EchoMaster final : public AdminModule {
public:
    std::string_view id() const override { return "echo"; }
    int requiredLevel(const JsonText&) const override { return 2; }
    void masterHandler(MasterAgent& agent, const ServerInfo& from, const JsonText& message,
                       Reply reply) override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;
};

}  // namespace muster::modules
