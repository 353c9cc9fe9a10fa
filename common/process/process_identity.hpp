#pragma once

#include "common/process/unique_fd.hpp"

#include <muster/result.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace muster {

/// Which process is meant, beyond its pid: a pid is recycled, this whole is not. The nonce stands
/// in the process's environment as MUSTER_NONCE.
struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t startTicks = 0;  // field 22 of /proc/<pid>/stat: clock ticks since boot
    std::string bootId;            // /proc/sys/kernel/random/boot_id
    std::string nonce;             // empty: not checked
    bool operator==(const ProcessIdentity&) const = default;
};

/// What of /proc/<pid>/stat muster uses (proc(5)).
struct ProcStat {
    char state = '?';
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    bool isKernelThread = false;
    std::uint64_t userTicks = 0;
    std::uint64_t systemTicks = 0;
    int threads = 0;
    std::uint64_t startTicks = 0;
    std::uint64_t rssPages = 0;
};

/// No value if `text` is not a stat line. A command name may hold spaces and parentheses.
std::optional<ProcStat> parseProcStat(std::string_view text);
/// No value if there is no such process.
std::optional<ProcStat> readProcStat(pid_t pid);
/// This boot of this host; empty if /proc is not mounted.
std::string currentBootId();
/// A variable of /proc/<pid>/environ as it was at exec; no value if absent or not readable.
std::optional<std::string> environmentValue(pid_t pid, std::string_view name);

/// A pidfd of exactly that process; none if it is gone, a zombie, or its pid is another's now. A
/// process whose environment shows another nonce is refused; one that overwrote its environment
/// (setproctitle) is known by its start time.
UniqueFd openProcess(const ProcessIdentity& identity);
bool isRunning(const ProcessIdentity& identity);
/// Sends `signal` through a pidfd, so that a recycled pid is never hit. UnknownServer if gone.
Result<void> signalProcess(const ProcessIdentity& identity, int signal);
/// Running processes whose environment carries MUSTER_NONCE=`nonce`, oldest first: a server and
/// what it forked, in whatever session.
std::vector<ProcessIdentity> findByNonce(std::string_view nonce);
/// Running processes that carry one of `nonces`, by nonce, in one walk over /proc. Looks only into
/// those that began at `oldestTicks` (0: any) or later, and not at the kernel's threads nor at
/// `known`, whose nonces are others.
std::map<std::string, std::vector<ProcessIdentity>> findByNonces(
    const std::set<std::string>& nonces, std::uint64_t oldestTicks, const std::set<pid_t>& known);

}  // namespace muster
