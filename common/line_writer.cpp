#include "common/line_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

#include <poll.h>
#include <unistd.h>

namespace muster::log {

void LineWriter::write(std::string_view line) {
    if (lost_ > 0) {
        const std::string note = (isMidLine_ ? "\n(" : "(") + std::to_string(lost_) +
                                 " lines of this log were dropped: nobody read it)\n";
        if (!put(note)) {
            ++lost_;
            return;
        }
        lost_ = 0;
    }
    if (!put(line)) ++lost_;
}

/// False if it was not written as a whole.
bool LineWriter::put(std::string_view line) {
    while (!line.empty()) {
        if (!isWritable()) return false;
        // What is writable takes this much at once (pipe(7), PIPE_BUF).
        const auto written =
            ::write(descriptor_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        isMidLine_ = static_cast<std::size_t>(written) < line.size();
        line.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool LineWriter::isWritable() {
    pollfd watched{descriptor_, POLLOUT, 0};
    int ready = ::poll(&watched, 1, 0);
    if (ready == 0 && lost_ == 0) ready = ::poll(&watched, 1, waitMs());
    if (ready < 0) ready = ::poll(&watched, 1, 0);  // a signal came
    return ready == 1 && (watched.revents & POLLOUT) != 0;
}

/// A reader that is merely slow must not hold up every line.
int LineWriter::waitMs() {
    const auto now = std::chrono::steady_clock::now();
    if (now < mayWaitAt_) return 0;
    mayWaitAt_ = now + kPause;
    return static_cast<int>(patience_.count());
}

}  // namespace muster::log
