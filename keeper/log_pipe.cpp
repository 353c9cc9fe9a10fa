#include "keeper/log_pipe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

namespace muster::keeper {

namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kMaxTail = 8 << 10;
constexpr std::size_t kMaxLine = 16 << 10;  // of a line, what a pattern is looked for in

}  // namespace

LogPipe::LogPipe(EpollLoop& loop, std::string fifoPath, std::string logPath, LogLimits limits)
    : loop_(loop), fifoPath_(std::move(fifoPath)), file_(std::move(logPath), limits) {}

LogPipe::~LogPipe() {
    if (pipe_) loop_.unwatch(pipe_.get());
}

Result<void> LogPipe::open() {
    if (pipe_) return {};
    struct stat status {};
    if (::lstat(fifoPath_.c_str(), &status) == 0 && !S_ISFIFO(status.st_mode))
        ::unlink(fifoPath_.c_str());
    if (::mkfifo(fifoPath_.c_str(), 0600) != 0 && errno != EEXIST)
        return Error(Errc::Failed, "cannot make " + fifoPath_ + ": " + std::strerror(errno));
    pipe_.reset(::open(fifoPath_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    if (!pipe_)
        return Error(Errc::Failed, "cannot open " + fifoPath_ + ": " + std::strerror(errno));
    // Refused where the user has many pipes already; the default of 64 KiB serves as well.
    (void)::fcntl(pipe_.get(), F_SETPIPE_SZ, kPipeBytes);
    loop_.watch(pipe_.get(), EPOLLIN, [this](std::uint32_t) { readOnce(); });
    return {};
}

void LogPipe::watchFor(std::string pattern, std::function<void()> onMatch) {
    pattern_ = std::move(pattern);
    onMatch_ = std::move(onMatch);
    line_.clear();
}

void LogPipe::drain() {
    for (int count = 0; count < 64 && pipe_ && readOnce(); ++count) {
    }
}

void LogPipe::remember(std::string_view bytes) {
    if (bytes.size() >= kMaxTail) {
        tail_.assign(bytes.substr(bytes.size() - kMaxTail));
        return;
    }
    tail_ += bytes;
    if (tail_.size() > 2 * kMaxTail) tail_.erase(0, tail_.size() - kMaxTail);
}

std::vector<std::string> LogPipe::lastLines(std::size_t count) const {
    std::vector<std::string> lines;
    std::string_view rest(tail_);
    if (!rest.empty() && rest.back() == '\n') rest.remove_suffix(1);
    while (!rest.empty() && lines.size() < count) {
        const auto end = rest.rfind('\n');
        // The first one may lack its beginning, but it is all that is known of it.
        lines.emplace_back(end == std::string_view::npos ? rest : rest.substr(end + 1));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

bool LogPipe::readOnce() {
    std::array<char, kChunk> chunk;  // not cleared: 64 KiB a read
    const ssize_t got = ::read(pipe_.get(), chunk.data(), chunk.size());
    if (got <= 0) return false;
    const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
    file_.append(bytes, std::chrono::duration_cast<std::chrono::milliseconds>(
                            loop_.wallTime().time_since_epoch())
                            .count());
    remember(bytes);
    if (!pattern_.empty()) match(bytes);
    return true;
}

void LogPipe::match(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        line_.append(bytes.substr(0, std::min(end, kMaxLine - std::min(kMaxLine, line_.size()))));
        if (line_.find(pattern_) != std::string::npos) {
            pattern_.clear();
            line_.clear();
            const auto onMatch = std::exchange(onMatch_, nullptr);
            return onMatch();
        }
        if (end == bytes.size()) return;
        line_.clear();
        bytes.remove_prefix(end + 1);
    }
}

}  // namespace muster::keeper
