#include <muster/result.hpp>

namespace muster {

const char* errcName(Errc code) noexcept {
    switch (code) {
        case Errc::Timeout: return "timeout";
        case Errc::Closed: return "closed";
        case Errc::UnknownServer: return "unknown_server";
        case Errc::UnknownModule: return "unknown_module";
        case Errc::ModuleDisabled: return "module_disabled";
        case Errc::Denied: return "denied";
        case Errc::BadMessage: return "bad_message";
        case Errc::Conflict: return "conflict";
        case Errc::Expired: return "expired";
        case Errc::NotSupported: return "not_supported";
        case Errc::Limit: return "limit";
        case Errc::Failed: break;
    }
    return "failed";
}

}  // namespace muster
