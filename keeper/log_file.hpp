#pragma once

#include "common/process/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::keeper {

struct LogLimits {
    std::uint64_t fileBytes = 10 << 20;  // then the file becomes <path>.1, and so on
    int files = 5;                       // kept, the current one counted
};

/// A log file that rotates by size and survives a full disk: what cannot be written is counted, and
/// a line in the stream says how much, once there is room again.
class LogFile {
public:
    LogFile(std::string path, LogLimits limits) : path_(std::move(path)), limits_(limits) {}
    void append(std::string_view bytes);
    /// Lines that could not be written since this object exists.
    std::uint64_t lostLines() const { return lostLines_; }

private:
    bool open();
    void rotate();
    std::string_view write(std::string_view bytes);
    bool writeLossMark();

    std::string path_;
    LogLimits limits_;
    UniqueFd file_;
    std::uint64_t size_ = 0;
    bool endsInsideLine_ = false;
    std::uint64_t lostLines_ = 0;
    std::uint64_t unmarkedLines_ = 0;
    std::uint64_t unmarkedBytes_ = 0;
};

}  // namespace muster::keeper
