#include "master/cluster/leader_lock.hpp"

#include <utility>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster {
namespace {

/// What the holder wrote, as one printable line.
std::string holderIn(int descriptor) {
    char text[256] = {};
    const auto length = ::pread(descriptor, text, sizeof text, 0);
    std::string out;
    for (ssize_t i = 0; i < length && text[i] != '\n'; ++i)
        out.push_back(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    return out.empty() ? "another process" : out;
}

bool isSameFile(const std::string& path, int descriptor) {
    struct stat onDisk {};
    struct stat open {};
    return ::stat(path.c_str(), &onDisk) == 0 && ::fstat(descriptor, &open) == 0 &&
           onDisk.st_dev == open.st_dev && onDisk.st_ino == open.st_ino;
}

}  // namespace

Result<LeaderLock> LeaderLock::acquire(const std::string& file, const std::string& holder) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return Error(Errc::Failed, file + ": cannot be opened: " + ::strerror(errno) +
                                       "; correct the state directory or its mode");
    LeaderLock lock(file, descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        return Error(Errc::Conflict, holderIn(descriptor));
    // Between open and lock the file may have been replaced: then this lock protects nothing.
    if (!lock.isHeld()) return Error(Errc::Conflict, "another process");
    const std::string line = holder.substr(0, 255) + "\n";
    // The line is for people: the lock counts, whether or not it could be written.
    (void)!::ftruncate(descriptor, 0);
    (void)!::pwrite(descriptor, line.data(), line.size(), 0);
    return lock;
}

LeaderLock::LeaderLock(LeaderLock&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

LeaderLock& LeaderLock::operator=(LeaderLock&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

LeaderLock::~LeaderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool LeaderLock::isHeld() const {
    return descriptor_ >= 0 && isSameFile(file_, descriptor_);
}

}  // namespace muster
