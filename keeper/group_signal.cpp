#include "keeper/group_signal.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace muster::keeper {

bool signalGroupOf(const UniqueFd& process, int signal) {
    constexpr unsigned kProcessGroup = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP
    return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, kProcessGroup) == 0;
}

}  // namespace muster::keeper
