#pragma once

#include "common/process/epoll_loop.hpp"
#include "keeper/log_file.hpp"

#include <muster/result.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::keeper {

/// One output stream of one child: a named pipe that the child holds open for reading and writing
/// (so that it gets no SIGPIPE when the keeper dies, and blocks only when 1 MiB is unread), drained
/// into a log file always. A new keeper opens the same pipe by its name.
class LogPipe {
public:
    LogPipe(EpollLoop& loop, std::string fifoPath, std::string logPath, LogLimits limits);
    ~LogPipe();
    LogPipe(const LogPipe&) = delete;
    LogPipe& operator=(const LogPipe&) = delete;

    /// Makes the pipe where it is missing and starts to drain it.
    Result<void> open();
    /// Calls `onMatch` once, at the first line from now on that contains `pattern` (not empty).
    void watchFor(std::string pattern, std::function<void()> onMatch);
    /// Reads what there is, at most 4 MiB; before an exit is told, so that its last words are
    /// there.
    void drain();
    /// The last whole lines that came, at most `count` and 8 KiB, oldest first; also what stands
    /// behind the last line end. Raw bytes: nothing in them is made harmless.
    std::vector<std::string> lastLines(std::size_t count) const;
    /// What came so far is of an earlier life: lastLines() does not show it.
    void forgetLines() { tail_.clear(); }
    /// The pipe, for who is to keep it open beyond this object; -1: none.
    int fd() const { return pipe_.get(); }
    const std::string& fifoPath() const { return fifoPath_; }
    std::uint64_t lostLines() const { return file_.lostLines(); }

private:
    bool readOnce();
    void match(std::string_view bytes);
    void remember(std::string_view bytes);

    EpollLoop& loop_;
    std::string fifoPath_;
    LogFile file_;
    UniqueFd pipe_;
    std::string tail_;  // of what came, for lastLines()
    std::string pattern_;
    std::string line_;  // its beginning, while a pattern is watched for
    std::function<void()> onMatch_;
};

}  // namespace muster::keeper
