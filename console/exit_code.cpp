#include "console/exit_code.hpp"

namespace muster::cli {

ExitCode exitCodeOf(Errc code) noexcept {
    switch (code) {
        case Errc::Timeout: return ExitCode::TimedOut;
        case Errc::Closed: return ExitCode::Unreachable;
        case Errc::UnknownServer:
        case Errc::UnknownModule: return ExitCode::NoSuch;
        case Errc::Denied: return ExitCode::NotAllowed;
        case Errc::BadMessage: return ExitCode::Usage;
        case Errc::ModuleDisabled:
        case Errc::Conflict:
        case Errc::Expired:
        case Errc::NotSupported:
        case Errc::Limit: return ExitCode::Refused;
        case Errc::Failed: return ExitCode::Failed;
    }
    return ExitCode::Failed;
}

}  // namespace muster::cli
