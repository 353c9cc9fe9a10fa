#include "keeper/cgroup_mounts.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace muster::keeper {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

/// Names in mountinfo have their spaces as \040.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool isEscape = text[at] == '\\' && at + 3 < text.size();
        if (!isEscape) {
            out += text[at];
            continue;
        }
        int value = 0;
        for (int digit = 0; digit < 3; ++digit) value = value * 8 + (text[++at] - '0');
        out += static_cast<char>(value);
    }
    return out;
}

/// "hierarchy:controllers:path" -> controllers -> path; version 2 has none.
std::map<std::string, std::string> ownPaths(std::string_view cgroups) {
    std::map<std::string, std::string> paths;
    for (const auto line : split(cgroups, '\n')) {
        const auto first = line.find(':');
        if (first == std::string_view::npos) continue;
        const auto second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        for (const auto name : split(line.substr(first + 1, second - first - 1), ','))
            paths.emplace(name, line.substr(second + 1));
        if (second == first + 1) paths.emplace("", line.substr(second + 1));
    }
    return paths;
}

/// `path` below a mount that shows the hierarchy from `root` on.
std::optional<std::string> below(const std::string& directory, std::string_view root,
                                 const std::string& path) {
    std::string_view rest = path;
    if (root != "/") {
        if (!rest.starts_with(root)) return std::nullopt;
        rest.remove_prefix(root.size());
        if (!rest.empty() && rest.front() != '/') return std::nullopt;
    }
    if (rest == "/") rest = {};
    // A process moved in from outside of a namespace.
    if (rest.find("/..") != std::string_view::npos) return std::nullopt;
    return directory + std::string(rest);
}

}  // namespace

std::vector<CgroupMount> parseCgroupMounts(std::string_view mountInfo, std::string_view cgroups) {
    const auto paths = ownPaths(cgroups);
    std::vector<CgroupMount> mounts;
    for (const auto line : split(mountInfo, '\n')) {
        // id parent device root directory options [tags] - type source superOptions
        const auto fields = split(line, ' ');
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 6 || fields.end() - dash < 4) continue;
        CgroupMount mount;
        mount.isUnified = dash[1] == "cgroup2";
        if (!mount.isUnified && dash[1] != "cgroup") continue;
        mount.directory = unescaped(fields[4]);
        std::string name;
        if (!mount.isUnified) {
            for (const auto option : split(dash[3], ','))
                if (option != "rw" && option != "ro") mount.controllers.emplace_back(option);
            if (mount.controllers.empty()) continue;
            name = mount.controllers.front();
        }
        const auto path = paths.find(name);
        if (path == paths.end()) continue;
        const auto own = below(mount.directory, unescaped(fields[3]), path->second);
        if (!own) continue;
        mount.own = *own;
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

}  // namespace muster::keeper
