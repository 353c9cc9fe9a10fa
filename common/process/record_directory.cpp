#include "common/process/record_directory.hpp"

#include "common/process/unique_fd.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace muster {

namespace {

constexpr std::string_view kSuffix = ".json";
constexpr std::uintmax_t kMaxRecord = 4 << 20;

Error failure(const std::string& path) {
    return Error(Errc::Failed, "cannot write " + path + ": " + std::strerror(errno));
}

bool writeAll(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<void> makePrivateDirectory(const std::string& path) {
    for (std::size_t at = 1; at <= path.size(); ++at) {
        if (at != path.size() && path[at] != '/') continue;
        const std::string part = path.substr(0, at);
        if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
            return Error(Errc::Failed, "cannot make " + part + ": " + std::strerror(errno));
    }
    return {};
}

Result<void> RecordDirectory::open() const {
    return makePrivateDirectory(path_);
}

Result<void> RecordDirectory::put(const std::string& id, const std::string& text) const {
    const std::string target = path_ + "/" + id + std::string(kSuffix);
    const std::string temporary = path_ + "/" + id + ".new";
    {
        const UniqueFd file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!file || !writeAll(file.get(), text)) return failure(temporary);
    }
    if (::rename(temporary.c_str(), target.c_str()) != 0) return failure(target);
    return {};
}

void RecordDirectory::erase(const std::string& id) const {
    ::unlink((path_ + "/" + id + std::string(kSuffix)).c_str());
}

std::map<std::string, std::string> RecordDirectory::list() const {
    std::map<std::string, std::string> records;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(path_, ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(kSuffix) || entry.file_size(ignored) > kMaxRecord) continue;
        std::ifstream file(entry.path(), std::ios::binary);
        records.emplace(
            name.substr(0, name.size() - kSuffix.size()),
            std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
    }
    return records;
}

}  // namespace muster
