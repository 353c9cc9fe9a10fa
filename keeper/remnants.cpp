#include "keeper/remnants.hpp"

#include "common/process/process_identity.hpp"
#include "keeper/group_signal.hpp"

#include <algorithm>
#include <csignal>
#include <limits>

#include <unistd.h>

namespace muster::keeper {

bool Remnants::isSurelyClean(const EndedLife& life) {
    return life.cgroup.exists() && life.cgroup.isEmpty();
}

std::map<std::string, std::vector<Remnant>> Remnants::kill(
    const std::vector<const EndedLife*>& lives) {
    std::map<std::string, std::vector<Remnant>> alive;
    std::map<std::string, std::string> ids;  // by nonce, of those without a cgroup
    std::set<std::string> nonces;
    auto oldest = std::numeric_limits<std::uint64_t>::max();
    for (const EndedLife* life : lives) {
        if (life->cgroup.exists()) {
            if (life->cgroup.isEmpty()) continue;
            const auto pids = life->cgroup.kill();
            for (const pid_t pid : pids) alive[life->id].push_back({pid, 0});
            if (pids.empty()) alive[life->id].push_back({});
            continue;
        }
        ids[life->nonce] = life->id;
        nonces.insert(life->nonce);
        oldest = std::min(oldest, life->startTicks);
    }
    if (!nonces.empty()) {
        auto known = running_();
        known.insert(::getpid());
        for (const auto& [nonce, processes] : findByNonces(nonces, oldest, known))
            for (const ProcessIdentity& process : processes) {
                (void)signalProcess(process, SIGKILL);  // gone already is as good
                alive[ids[nonce]].push_back({process.pid, process.startTicks});
            }
    }
    // Those of its group that do not show their environment.
    for (const EndedLife* life : lives) (void)signalGroupOf(life->process, SIGKILL);
    return alive;
}

bool Remnants::isThere(const Remnant& remnant) {
    if (remnant.startTicks == 0) return false;  // its cgroup tells
    const auto stat = readProcStat(remnant.pid);
    return stat && stat->startTicks == remnant.startTicks && stat->state != 'Z' &&
           stat->state != 'X';
}

}  // namespace muster::keeper
