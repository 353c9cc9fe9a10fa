#pragma once

#include "common/process/unique_fd.hpp"

namespace muster::keeper {

/// `signal` to the process group whose leader's pidfd this is, also when the leader was reaped: the
/// kernel (6.9) knows whose group is meant. False: errno says why; EINVAL from older kernels, EBADF
/// without a pidfd, ESRCH if nobody is in the group. Signal 0 only asks.
bool signalGroupOf(const UniqueFd& process, int signal);

}  // namespace muster::keeper
