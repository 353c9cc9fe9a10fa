#pragma once

#include "modules/supervisor/probes.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace muster::supervisor {

/// Connects to the server's host and port until that succeeds. A host may be an address of either
/// family, or a name: of a name all addresses are tried, and then loopback, where a server listens
/// that does not at any of them.
class TcpProbe final : public Probe {
public:
    TcpProbe(EpollLoop& loop, const ServerSpec& spec, std::function<void()> onReady);
    ~TcpProbe() override;

private:
    struct Address {
        sockaddr_storage bytes{};
        socklen_t size = 0;
    };
    struct Lookup;
    static std::vector<Address> find(const std::string& host, std::uint16_t port, int flags);
    void lookUp();
    void attempt();
    void finish();
    void failed();

    EpollLoop& loop_;
    std::string host_;
    std::uint16_t port_;
    std::function<void()> onReady_;
    std::vector<Address> addresses_;  // tried in this order
    std::size_t next_ = 0;
    bool isName_ = false;             // whose addresses are not known yet
    std::shared_ptr<Lookup> lookup_;  // under way; shared with its thread
    UniqueFd socket_;
    std::chrono::milliseconds wait_{50};
    TimerId timer_ = 0;
};

}  // namespace muster::supervisor
