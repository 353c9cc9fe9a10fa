#pragma once

#include <muster/result.hpp>

#include <string>

namespace muster {

/// The leader's lease on one host: an exclusive lock on a file beside the store, which the kernel
/// gives back when the process ends, however it ends. Movable, so that it can be handed over.
class LeaderLock {
public:
    /// Takes the lock without waiting, and writes `holder` (one line: who, pid, since) into the
    /// file. Conflict if another process has it: the detail is what that one wrote.
    static Result<LeaderLock> acquire(const std::string& file, const std::string& holder);
    LeaderLock(LeaderLock&& other) noexcept;
    LeaderLock& operator=(LeaderLock&& other) noexcept;
    ~LeaderLock();
    /// Whether the file on disk is still the one that is locked: if somebody removed or replaced
    /// it, another master may lead by now.
    bool isHeld() const;

private:
    LeaderLock(std::string file, int descriptor)
        : file_(std::move(file)), descriptor_(descriptor) {}
    std::string file_;
    int descriptor_ = -1;
};

}  // namespace muster
