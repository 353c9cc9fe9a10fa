#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace muster {

/// One record of the time index that stands beside a server's log file (`<log>.idx`): what begins
/// at this byte of the log was written at that time. Written by the keeper as it writes the log, at
/// most each 100 ms; read by the node. The log itself stays what the server wrote, byte by byte.
struct LogStamp {
    std::uint64_t offset = 0;
    std::int64_t timeMs = 0;  // Unix time
};

inline constexpr std::size_t kLogStampBytes = 16;

inline std::string logIndexPath(const std::string& logPath) {
    return logPath + ".idx";
}

/// Little-endian, as all hosts of one log are: a state directory does not move between machines.
inline std::array<char, kLogStampBytes> encode(const LogStamp& stamp) {
    static_assert(std::endian::native == std::endian::little);
    std::array<char, kLogStampBytes> bytes{};
    std::memcpy(bytes.data(), &stamp.offset, sizeof stamp.offset);
    std::memcpy(bytes.data() + sizeof stamp.offset, &stamp.timeMs, sizeof stamp.timeMs);
    return bytes;
}

inline LogStamp decodeStamp(const char* bytes) {
    LogStamp stamp;
    std::memcpy(&stamp.offset, bytes, sizeof stamp.offset);
    std::memcpy(&stamp.timeMs, bytes + sizeof stamp.offset, sizeof stamp.timeMs);
    return stamp;
}

}  // namespace muster
