#pragma once

#include <muster/result.hpp>

namespace muster::cli {

/// What a command's exit status says; the same for every verb (docs/commands/README.md).
enum class ExitCode {
    Done = 0,
    Failed = 1,    // on all targets
    Usage = 2,     // the command line or the configuration is wrong
    NoSuch = 3,    // no such server, module, ...; nothing matched
    Partial = 4,   // done on some, failed on others
    TimedOut = 5,  // the outcome is unknown
    NotAllowed = 6,
    Unreachable = 7,    // no master answers
    Refused = 8,        // a precondition, a fence, a conflict
    Unhealthy = 9,      // asked for health, and it is bad
    Changes = 10,       // asked what would change, and something would
    Interrupted = 130,  // by SIGINT or SIGTERM
};

/// The status of a command whose one request ended with `code`.
ExitCode exitCodeOf(Errc code) noexcept;

}  // namespace muster::cli
