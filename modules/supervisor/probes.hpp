#pragma once

#include "common/process/epoll_loop.hpp"
#include "modules/supervisor/server_spec.hpp"

#include <functional>
#include <memory>

namespace muster::supervisor {

/// Looks whether a server is ready until it is or the probe is destroyed.
class Probe {
public:
    virtual ~Probe() = default;
};

/// Makes a probe that calls `onReady` once, on its loop, never inside the maker; none where the
/// server or the keeper tells by itself.
using ProbeMaker =
    std::function<std::unique_ptr<Probe>(const ServerSpec& spec, std::function<void()> onReady)>;

/// The real ones, on the node's loop (which outlives them). Tcp: connects to the server's host and
/// port every 50 ms, then more rarely, up to every second. Command: runs it in a session of its
/// own, at most 5 s a try, with a pause of 500 ms.
ProbeMaker makeProbes(EpollLoop& loop);

}  // namespace muster::supervisor
