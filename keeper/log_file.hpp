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

/// A log file that rotates by size, at a line's end, and survives a full disk: what cannot be
/// written is counted, and a line in the stream says how much, once there is room again. Beside it
/// stands an index that says when what was written (common/process/log_stamp.hpp).
class LogFile {
public:
    LogFile(std::string path, LogLimits limits) : path_(std::move(path)), limits_(limits) {}
    /// `timeMs`: when they came, Unix time; it stands in the index beside the file.
    void append(std::string_view bytes, std::int64_t timeMs);
    /// Lines that could not be written since this object exists.
    std::uint64_t lostLines() const { return lostLines_; }

private:
    bool open();
    void rotate();
    std::string_view writeAndRotate(std::string_view bytes, std::int64_t timeMs);
    std::string_view write(std::string_view bytes);
    bool writeLossMark();
    void stamp(std::int64_t timeMs);

    std::string path_;
    LogLimits limits_;
    UniqueFd file_;
    UniqueFd index_;
    std::int64_t stampedMs_ = -1;  // of the last record; -1: none in this file yet
    std::uint64_t size_ = 0;
    bool endsInsideLine_ = false;
    std::uint64_t lostLines_ = 0;
    std::uint64_t unmarkedLines_ = 0;
    std::uint64_t unmarkedBytes_ = 0;
};

}  // namespace muster::keeper
