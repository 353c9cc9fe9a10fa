#pragma once

#include <muster/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::supervisor {

struct LogLine {
    std::int64_t timeMs = 0;  // Unix time when the keeper read it; 0: nobody wrote that down
    std::string text;         // without its line end; bytes as the server wrote them
};

/// A stretch of one stream of one server.
struct LogPage {
    std::vector<LogLine> lines;
    std::string cursor;    // go on here; empty: there is no log yet
    bool hasMore = false;  // there is more by now
    bool hasGap = false;   // what the cursor stood at was rotated away meanwhile
};

/// Where a reading begins.
struct LogStart {
    std::string cursor{};        // as of the last page; empty: `tail`
    std::size_t tail = 20;       // so many lines before the end; looks back 4 MiB at most
    bool takesOpenLine = false;  // also what stands behind the last line end; then nothing follows
};

/// Reads the log files that the keeper writes, the rotated ones too, over rotations. Only whole
/// lines, but one longer than 16 KiB comes in pieces. Reads the disk: at most 4 MiB a call.
class LogReader {
public:
    /// `stateDirectory` as the keeper's.
    explicit LogReader(std::string stateDirectory) : directory_(stateDirectory + "/logs") {}

    /// `stream`: stdout or stderr. At most `maxBytes` (1 KiB or more) of lines, but one at least.
    /// BadMessage for an id that is no file name, another stream, or a cursor that is none.
    Result<LogPage> read(const std::string& id, const std::string& stream, const LogStart& start,
                         std::size_t maxBytes) const;

private:
    std::string directory_;
};

}  // namespace muster::supervisor
