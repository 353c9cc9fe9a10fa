#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster::cli {

/// One line of a server's output.
struct LogText {
    std::int64_t timeMs = 0;  // Unix time; 0: unknown
    std::string id, stream, text;
};

/// Reads the streams of many servers page by page, and puts their lines into the order of time.
/// Pure: what to ask, and what was answered.
class LogLines {
public:
    /// `tail`: lines of each stream before its end to begin with.
    explicit LogLines(std::size_t tail) : tail_(tail) {}

    /// A stream that is not read yet. `isWhole`: from its first line, for a server that came later.
    void add(const std::string& id, const std::string& stream, bool isWhole = false);
    bool has(const std::string& id) const;
    /// The history is read: from now on all that comes.
    void follow() { isFollowing_ = true; }

    /// Bodies for the supervisor that ask all streams that have more, or with `isAll` all, once;
    /// each of at most 64 streams. `isLast`: also what stands behind the last line end.
    std::vector<JsonText> questions(bool isAll, bool isLast) const;
    /// Takes an answer in; Failed if it is none.
    Result<void> take(const JsonText& answer);
    /// Some stream has more than was read, or was never answered.
    bool hasMore() const;
    /// What was read since the last call, oldest first; lines of one stream stay in their order.
    std::vector<LogText> lines();
    std::size_t bytes() const { return bytes_; }
    /// What is to be told since the last call: who does not answer, and lines that are gone.
    std::vector<std::string> remarks() { return std::exchange(remarks_, {}); }
    /// Streams that could not be read when they were last asked.
    std::size_t failures() const;
    std::size_t streams() const { return streams_.size(); }

private:
    struct Stream {
        std::string cursor;
        std::string error;  // of the last answer; empty: none
        bool hasMore = true;
        bool isWhole = false;
        std::size_t taken = 0;  // lines
    };
    using Name = std::pair<std::string, std::string>;  // id, stream

    std::size_t tail_;
    bool isFollowing_ = false;
    std::map<Name, Stream> streams_;
    std::vector<LogText> lines_;
    std::vector<std::string> remarks_;
    std::size_t bytes_ = 0;
};

}  // namespace muster::cli
