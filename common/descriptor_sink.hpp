#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <spdlog/sinks/base_sink.h>

namespace muster::log {

/// Writes lines to a descriptor (stderr) that somebody else reads, or does not: a pipe that is full
/// holds up the writer for `patience` once, then its lines are dropped until it is read again. How
/// many they were is said before the next line. For files and terminals nothing changes.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    /// `descriptor` stays open and is the caller's.
    explicit DescriptorSink(int descriptor,
                            std::chrono::milliseconds patience = std::chrono::milliseconds(50))
        : descriptor_(descriptor), patience_(patience) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}  // nothing is kept
    bool put(std::string_view line);
    bool isWritable() const;

    int descriptor_;
    std::chrono::milliseconds patience_;
    std::uint64_t lost_ = 0;  // lines, since one was written
};

}  // namespace muster::log
