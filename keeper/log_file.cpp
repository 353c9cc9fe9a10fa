#include "keeper/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>

namespace muster::keeper {

void LogFile::append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::string_view rest = bytes;
    if (open() && writeLossMark()) {
        if (size_ >= limits_.fileBytes) rotate();
        if (file_) rest = write(bytes);
    }
    if (rest.empty()) return;
    const auto lines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    lostLines_ += lines;
    unmarkedLines_ += lines;
    unmarkedBytes_ += rest.size();
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
    for (int number = limits_.files - 1; number >= 1; --number) {
        const std::string from = number == 1 ? path_ : path_ + "." + std::to_string(number - 1);
        ::rename(from.c_str(), (path_ + "." + std::to_string(number)).c_str());
    }
    if (limits_.files <= 1) ::unlink(path_.c_str());
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
