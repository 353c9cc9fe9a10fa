#include "modules/supervisor/log_reader.hpp"

#include "common/process/log_stamp.hpp"
#include "common/process/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::supervisor {
namespace {

constexpr int kMostFiles = 1000;
constexpr std::size_t kLongestLine = 16 << 10;
constexpr std::uint64_t kBlock = 64 << 10;
constexpr std::uint64_t kLookBack = 4 << 20;

std::string readAt(int fd, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

/// One file of a log with its index.
class Part {
public:
    static std::optional<Part> open(const std::string& path) {
        Part part;
        part.file_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        struct stat status {};
        if (!part.file_ || ::fstat(part.file_.get(), &status) != 0 || !S_ISREG(status.st_mode))
            return std::nullopt;
        part.size_ = static_cast<std::uint64_t>(status.st_size);
        part.index_.reset(
            ::open(logIndexPath(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        struct stat index {};
        if (part.index_ && ::fstat(part.index_.get(), &index) == 0)
            part.stamps_ = static_cast<std::uint64_t>(index.st_size) / kLogStampBytes;
        // An inode comes back in a later file; with the time of its first line it does not.
        part.id_ = std::to_string(status.st_ino) + "-" + std::to_string(part.stamp(0).timeMs);
        return part;
    }

    const std::string& id() const { return id_; }
    std::uint64_t size() const { return size_; }
    std::string bytes(std::uint64_t offset, std::uint64_t count) const {
        return readAt(file_.get(), offset, static_cast<std::size_t>(count));
    }
    LogStamp stamp(std::uint64_t number) const {
        if (number >= stamps_) return {};
        const std::string bytes = readAt(index_.get(), number * kLogStampBytes, kLogStampBytes);
        return bytes.size() == kLogStampBytes ? decodeStamp(bytes.data()) : LogStamp{};
    }
    /// The record that holds for what begins at `offset`: the last one that is not behind it.
    std::uint64_t stampAt(std::uint64_t offset) const {
        std::uint64_t low = 0, high = stamps_;
        while (low + 1 < high) {
            const auto middle = low + (high - low) / 2;
            (stamp(middle).offset <= offset ? low : high) = middle;
        }
        return low;
    }

private:
    UniqueFd file_, index_;
    std::uint64_t size_ = 0, stamps_ = 0;
    std::string id_;
};

/// Times of lines of one part, asked for in rising order.
class Times {
public:
    Times(const Part& part, std::uint64_t offset)
        : part_(part),
          number_(part.stampAt(offset)),
          now_(part.stamp(number_)),
          next_(part.stamp(number_ + 1)) {}
    std::int64_t at(std::uint64_t offset) {
        while (next_.timeMs != 0 && next_.offset <= offset) {
            now_ = next_;
            next_ = part_.stamp(++number_ + 1);
        }
        return now_.timeMs;
    }

private:
    const Part& part_;
    std::uint64_t number_;
    LogStamp now_, next_;
};

/// Oldest first. While they are opened the keeper may rotate: a file that is met twice counts once.
std::vector<Part> partsOf(const std::string& path) {
    std::vector<Part> parts;
    const auto add = [&parts](std::optional<Part> part) {
        if (!part) return false;
        const bool isKnown = std::any_of(parts.begin(), parts.end(), [&](const Part& known) {
            return known.id() == part->id();
        });
        if (!isKnown) parts.push_back(std::move(*part));
        return true;
    };
    add(Part::open(path));
    for (int number = 1; number < kMostFiles; ++number)
        if (!add(Part::open(path + "." + std::to_string(number)))) break;
    std::reverse(parts.begin(), parts.end());
    return parts;
}

struct Position {
    std::size_t part = 0;
    std::uint64_t offset = 0;
};

/// `tail` lines before the end, the part of a line behind the last line end not counted.
Position before(const std::vector<Part>& parts, std::size_t tail) {
    Position at{parts.size() - 1, parts.back().size()};
    std::size_t found = 0;
    std::uint64_t looked = 0;
    for (std::size_t index = parts.size(); index-- > 0;) {
        const Part& part = parts[index];
        std::uint64_t end = part.size();
        while (end > 0 && looked < kLookBack) {
            const std::uint64_t begin = end > kBlock ? end - kBlock : 0;
            const std::string block = part.bytes(begin, end - begin);
            looked += end - begin;
            for (std::size_t i = block.size(); i-- > 0;) {
                if (block[i] != '\n') continue;
                if (found++ == tail) return {index, begin + i + 1};
            }
            end = begin;
        }
        if (looked >= kLookBack) return {index, end};
        at = {index, 0};
    }
    return at;
}

/// The file and the offset in it; no value: it is no cursor.
std::optional<std::pair<std::string, std::uint64_t>> parseCursor(const std::string& cursor) {
    const auto colon = cursor.find(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    std::uint64_t offset = 0;
    const char* end = cursor.data() + cursor.size();
    const auto read = std::from_chars(cursor.data() + colon + 1, end, offset);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return std::pair(cursor.substr(0, colon), offset);
}

/// Takes whole lines out of one part until the page is full; where it stopped.
std::uint64_t takeLines(const Part& part, std::uint64_t offset, bool mayGrow, std::size_t& room,
                        LogPage& page) {
    Times times(part, offset);
    std::string bytes;
    while (room > 0 && offset < part.size()) {
        bytes = part.bytes(
            offset, std::min<std::uint64_t>(part.size() - offset, std::max(room, kLongestLine)));
        if (bytes.empty()) break;
        std::size_t begin = 0;
        while (begin < bytes.size() && room > 0) {
            const auto end = bytes.find('\n', begin);
            const auto length = std::min(end, bytes.size()) - begin;
            const bool isWhole = end != std::string::npos && length <= kLongestLine;
            const bool isEndOfFile = offset + bytes.size() >= part.size();
            // What has no end yet may still get one, unless the file is done with.
            if (!isWhole && length < kLongestLine && (!isEndOfFile || mayGrow)) break;
            const auto taken = std::min(length, kLongestLine);
            page.lines.push_back({times.at(offset + begin), bytes.substr(begin, taken)});
            begin += taken + (isWhole ? 1 : 0);
            room -= std::min(room, taken + 1);
        }
        if (begin == 0) break;
        offset += begin;
    }
    return offset;
}

}  // namespace

Result<LogPage> LogReader::read(const std::string& id, const std::string& stream,
                                const LogStart& start, std::size_t maxBytes) const {
    const bool isName = !id.empty() && id.size() <= 200 && id.front() != '.' &&
                        id.find('/') == std::string::npos && id.find('\0') == std::string::npos;
    if (!isName) return Error(Errc::BadMessage, "this is no server's id");
    if (stream != "stdout" && stream != "stderr")
        return Error(Errc::BadMessage, "a stream is stdout or stderr");
    const auto parts = partsOf(directory_ + "/" + id + "." + stream + ".log");
    LogPage page;
    page.cursor = start.cursor;
    Position at;
    if (start.cursor.empty()) {
        if (parts.empty()) return page;
        at = before(parts, start.tail);
    } else {
        const auto cursor = parseCursor(start.cursor);
        if (!cursor) return Error(Errc::BadMessage, "this is no cursor of a log");
        if (parts.empty()) return page;
        const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) {
            return part.id() == cursor->first;
        });
        page.hasGap = found == parts.end() || cursor->second > found->size();
        if (found != parts.end())
            at = {static_cast<std::size_t>(found - parts.begin()),
                  std::min(cursor->second, found->size())};
    }
    std::size_t room = std::max<std::size_t>(maxBytes, 1 << 10);
    for (; at.part < parts.size(); ++at.part, at.offset = 0) {
        const bool isLast = at.part + 1 == parts.size();
        at.offset =
            takeLines(parts[at.part], at.offset, isLast && !start.takesOpenLine, room, page);
        page.hasMore = room == 0 && (!isLast || at.offset < parts[at.part].size());
        if (isLast || page.hasMore) break;
    }
    page.cursor = parts[at.part].id() + ":" + std::to_string(at.offset);
    return page;
}

}  // namespace muster::supervisor
