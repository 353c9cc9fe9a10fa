#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace muster::log {

/// Writes lines to a descriptor (stderr) that somebody else reads, or does not: a pipe that is full
/// holds up the writer for `patience`, at most once in kPause, and lines are dropped meanwhile. How
/// many they were is said before the next line. For files and terminals nothing changes. One thread
/// at a time.
class LineWriter {
public:
    static constexpr std::chrono::seconds kPause{1};

    /// `descriptor` stays open and is the caller's.
    explicit LineWriter(int descriptor,
                        std::chrono::milliseconds patience = std::chrono::milliseconds(50))
        : descriptor_(descriptor), patience_(patience) {}

    /// `line` with its newline.
    void write(std::string_view line);

private:
    bool put(std::string_view line);
    bool isWritable();
    int waitMs();

    int descriptor_;
    std::chrono::milliseconds patience_;
    std::uint64_t lost_ = 0;  // lines, since one was written
    bool isMidLine_ = false;  // the last one was cut
    std::chrono::steady_clock::time_point mayWaitAt_{};
};

}  // namespace muster::log
