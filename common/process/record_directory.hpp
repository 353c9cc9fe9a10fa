#pragma once

#include <muster/result.hpp>

#include <map>
#include <string>

namespace muster {

/// A directory of small records, `<id>.json` each, replaced whole (temporary file, rename), so that
/// a reader after a kill -9 sees the old or the new one. Not flushed to the disk: what stands here
/// describes processes, which a power failure ends as well. One writer.
class RecordDirectory {
public:
    explicit RecordDirectory(std::string path) : path_(std::move(path)) {}
    /// Makes the directory (mode 0700) and its parents.
    Result<void> open() const;
    /// `id` must be a file name ([A-Za-z0-9._-]{1,64}). Failed with the cause, e.g. disk full.
    Result<void> put(const std::string& id, const std::string& text) const;
    void erase(const std::string& id) const;
    /// id -> text of every record of at most 4 MiB.
    std::map<std::string, std::string> list() const;

private:
    std::string path_;
};

/// Makes `path` and its parents with mode 0700 where missing.
Result<void> makePrivateDirectory(const std::string& path);

}  // namespace muster
