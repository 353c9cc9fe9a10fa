#include "keeper/log_file.hpp"

#include "common/process/log_stamp.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr std::int64_t kBetweenStamps = 100;        // ms
constexpr std::uint64_t kLongestOverrun = 1 << 20;  // of a line that does not end, in bytes

}  // namespace

void LogFile::append(std::string_view bytes, std::int64_t timeMs) {
    if (bytes.empty()) return;
    std::string_view rest = bytes;
    if (open() && writeLossMark()) rest = writeAndRotate(bytes, timeMs);
    if (rest.empty()) return;
    const auto lines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    lostLines_ += lines;
    unmarkedLines_ += lines;
    unmarkedBytes_ += rest.size();
}

/// No line is cut in two, unless it does not end.
std::string_view LogFile::writeAndRotate(std::string_view bytes, std::int64_t timeMs) {
    if (size_ >= limits_.fileBytes) {
        const auto end = bytes.find('\n');
        const bool isLineHere = endsInsideLine_ && end != std::string_view::npos;
        if (isLineHere) {
            const auto head = bytes.substr(0, end + 1);
            if (const auto left = write(head); !left.empty())
                return bytes.substr(head.size() - left.size());
            bytes.remove_prefix(head.size());
        }
        const bool isEndless = size_ >= limits_.fileBytes + kLongestOverrun;
        if (!endsInsideLine_ || isEndless) rotate();
    }
    if (!file_ || bytes.empty()) return bytes;
    stamp(timeMs);
    return write(bytes);
}

/// A disk that is full has no room for it either: then these lines have the time of those before.
void LogFile::stamp(std::int64_t timeMs) {
    const bool isSoon = timeMs >= stampedMs_ && timeMs < stampedMs_ + kBetweenStamps;
    if (stampedMs_ >= 0 && isSoon) return;
    if (!index_)
        index_.reset(
            ::open(logIndexPath(path_).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!index_) return;
    const auto record = encode(LogStamp{size_, timeMs});
    struct stat status {};
    // A record that was cut off by a full disk would shift all that come after it.
    constexpr auto kBytes = static_cast<off_t>(kLogStampBytes);
    if (::fstat(index_.get(), &status) == 0 && status.st_size % kBytes != 0 &&
        ::ftruncate(index_.get(), status.st_size - status.st_size % kBytes) != 0)
        return;
    if (::write(index_.get(), record.data(), record.size()) == static_cast<ssize_t>(record.size()))
        stampedMs_ = timeMs;
}

bool LogFile::open() {
    if (file_) return true;
    file_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    struct stat status {};
    if (!file_ || ::fstat(file_.get(), &status) != 0) return false;
    size_ = static_cast<std::uint64_t>(status.st_size);
    return true;
}

void LogFile::rotate() {
    file_.reset();
    index_.reset();
    stampedMs_ = -1;
    for (int number = limits_.files - 1; number >= 1; --number) {
        const std::string from = number == 1 ? path_ : path_ + "." + std::to_string(number - 1);
        const std::string to = path_ + "." + std::to_string(number);
        ::rename(from.c_str(), to.c_str());
        // Where it has none, the older file's must not stay as its own.
        if (::rename(logIndexPath(from).c_str(), logIndexPath(to).c_str()) != 0)
            ::unlink(logIndexPath(to).c_str());
    }
    if (limits_.files <= 1) {
        ::unlink(path_.c_str());
        ::unlink(logIndexPath(path_).c_str());
    }
    endsInsideLine_ = false;
    open();
}

std::string_view LogFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        endsInsideLine_ = bytes[static_cast<std::size_t>(written) - 1] != '\n';
        size_ += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return bytes;
}

bool LogFile::writeLossMark() {
    if (unmarkedBytes_ == 0) return true;
    std::string mark = endsInsideLine_ ? "\n" : "";
    mark += "[muster: lost " + std::to_string(unmarkedLines_) + " lines, " +
            std::to_string(unmarkedBytes_) + " bytes of output: the log file was not writable]\n";
    if (!write(mark).empty()) return false;
    unmarkedLines_ = 0;
    unmarkedBytes_ = 0;
    return true;
}

}  // namespace muster::keeper
