#include "keeper/cgroup.hpp"

#include "common/process/process_identity.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr int kPeriod = 100'000;  // microseconds, of CPU bandwidth

std::string readFile(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// 0, or errno.
int writeFile(const std::string& path, const std::string& text) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return errno;
    return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

template <class Number>
Number numberIn(std::string_view text) {
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Of a file with lines "key value".
std::uint64_t valueOf(const std::string& text, std::string_view key) {
    const std::string wanted = "\n" + std::string(key) + " ";
    const std::string lines = "\n" + text;
    const auto at = lines.find(wanted);
    if (at == std::string::npos) return 0;
    return numberIn<std::uint64_t>(std::string_view(lines).substr(at + wanted.size()));
}

std::vector<pid_t> processesIn(const std::string& directory) {
    std::vector<pid_t> pids;
    std::ifstream file(directory + "/cgroup.procs");
    for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
    return pids;
}

/// Also of cgroups that the server made below its own.
std::vector<pid_t> processesBelow(const std::string& directory) {
    std::vector<pid_t> pids = processesIn(directory);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, ignored))
        if (entry.is_directory(ignored))
            for (const pid_t pid : processesIn(entry.path())) pids.push_back(pid);
    return pids;
}

/// Where there is no cgroup.kill: a pidfd is of who is in there, if it still is once it is open.
void killEach(const std::string& directory, const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) {
        const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
        const auto now = processesIn(directory);
        if (process && std::find(now.begin(), now.end(), pid) != now.end())
            ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
    }
}

/// FNV-1a: a keeper of another build finds the same tree.
std::string hashOf(const std::string& text) {
    std::uint32_t hash = 2166136261U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return fmt::format("{:08x}", hash);
}

void addNote(Cgroup& cgroup, const std::string& note) {
    cgroup.note += (cgroup.note.empty() ? "" : "; ") + note;
}

/// A file of a controller and what it is to hold.
struct Setting {
    const char* key;  // as in muster.json
    const char* controller;
    std::string file, value;
};

std::vector<Setting> unifiedSettings(const ProcessSettings& settings) {
    std::vector<Setting> all;
    if (settings.memoryMax > 0) {
        all.push_back({"memoryMax", "memory", "memory.max", std::to_string(settings.memoryMax)});
        // One process of a server that is killed alone would leave half a server.
        all.push_back({"memoryMax", "memory", "memory.oom.group", "1"});
    }
    if (settings.cpuMax > 0)
        all.push_back({"cpuMax", "cpu", "cpu.max",
                       std::to_string(std::int64_t{settings.cpuMax} * kPeriod / 100) + " " +
                           std::to_string(kPeriod)});
    if (settings.cpuWeight > 0)
        all.push_back({"cpuWeight", "cpu", "cpu.weight", std::to_string(settings.cpuWeight)});
    if (settings.pidsMax > 0)
        all.push_back({"pidsMax", "pids", "pids.max", std::to_string(settings.pidsMax)});
    return all;
}

std::vector<Setting> versionOneSettings(const ProcessSettings& settings) {
    std::vector<Setting> all;
    if (settings.memoryMax > 0)
        all.push_back(
            {"memoryMax", "memory", "memory.limit_in_bytes", std::to_string(settings.memoryMax)});
    if (settings.cpuMax > 0)
        all.push_back({"cpuMax", "cpu", "cpu.cfs_quota_us",
                       std::to_string(std::int64_t{settings.cpuMax} * kPeriod / 100)});
    if (settings.cpuWeight > 0)
        all.push_back({"cpuWeight", "cpu", "cpu.shares",
                       std::to_string(std::max(2, settings.cpuWeight * 1024 / 100))});
    if (settings.pidsMax > 0)
        all.push_back({"pidsMax", "pids", "pids.max", std::to_string(settings.pidsMax)});
    return all;
}

bool has(const CgroupMount& mount, const std::string& controller) {
    const auto& all = mount.controllers;
    return std::find(all.begin(), all.end(), controller) != all.end();
}

/// Its controllers are for the directories below it only if each of those above says so.
bool isOffered(const std::string& directory, const std::string& controller) {
    const std::string offered = " " + readFile(directory + "/cgroup.controllers");
    return offered.find(" " + controller) != std::string::npos;
}

std::string leafOf(const std::string& id, const std::string& nonce) {
    return id + "." + nonce.substr(0, 12);
}

}  // namespace

std::string Cgroup::text() const {
    if (!exists()) return "none: " + note;
    return directories().front() + (note.empty() ? "" : " (" + note + ")");
}

std::vector<std::string> Cgroup::directories() const {
    std::vector<std::string> all = versionOne;
    if (!unified.empty()) all.insert(all.begin(), unified);
    return all;
}

std::vector<pid_t> Cgroup::kill() const {
    std::set<pid_t> all;
    for (const std::string& directory : directories()) {
        const auto pids = processesBelow(directory);
        all.insert(pids.begin(), pids.end());
        if (directory == unified && writeFile(directory + "/cgroup.kill", "1") == 0) break;
        killEach(directory, processesIn(directory));
    }
    return {all.begin(), all.end()};
}

bool Cgroup::isEmpty() const {
    if (!unified.empty()) return valueOf(readFile(unified + "/cgroup.events"), "populated") == 0;
    return std::all_of(versionOne.begin(), versionOne.end(),
                       [](const auto& directory) { return processesIn(directory).empty(); });
}

std::uint64_t Cgroup::outOfMemoryKills() const {
    std::uint64_t kills = 0;
    for (const std::string& directory : directories())
        for (const char* file : {"/memory.events", "/memory.oom_control"})
            kills += valueOf(readFile(directory + file), "oom_kill");
    return kills;
}

std::int64_t Cgroup::memoryLimit() const {
    for (const std::string& directory : directories())
        for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
            const auto limit = numberIn<std::int64_t>(readFile(directory + file));
            if (limit > 0 && limit < (std::int64_t{1} << 60)) return limit;
        }
    return 0;
}

CgroupEntry openEntry(const Cgroup& cgroup) {
    CgroupEntry entry;
    if (!cgroup.unified.empty())
        entry.directory.reset(::open(cgroup.unified.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const std::string& directory : cgroup.versionOne) {
        UniqueFd file(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
        if (file) entry.files.push_back(std::move(file));
    }
    return entry;
}

CgroupTree::CgroupTree(const std::string& stateDirectory, std::string parent)
    : CgroupTree(
          stateDirectory, std::move(parent),
          parseCgroupMounts(readFile("/proc/self/mountinfo"), readFile("/proc/self/cgroup"))) {}

CgroupTree::CgroupTree(const std::string& stateDirectory, std::string parent,
                       std::vector<CgroupMount> mounts)
    : name_("muster-" + hashOf(stateDirectory)),
      parent_(std::move(parent)),
      mounts_(std::move(mounts)) {}

Cgroup CgroupTree::make(const std::string& id, const std::string& nonce,
                        const ProcessSettings& settings) {
    Cgroup cgroup;
    if (parent_ == "off") {
        addNote(cgroup, "switched off (MUSTER_CGROUP=off)");
        return cgroup;
    }
    const std::string leaf = leafOf(id, nonce);
    addUnified(cgroup, leaf, settings);
    addVersionOne(cgroup, leaf, settings);
    if (!cgroup.exists() && cgroup.note.empty())
        addNote(cgroup, "no cgroup hierarchy is mounted here");
    return cgroup;
}

Cgroup CgroupTree::adopt(const std::string& id, const std::string& nonce,
                         const std::vector<std::string>& directories) const {
    Cgroup cgroup;
    std::set<std::string> candidates(directories.begin(), directories.end());
    // A keeper that was killed before it had written them down.
    for (const CgroupMount& mount : mounts_)
        candidates.insert(rootIn(mount) + "/" + leafOf(id, nonce));
    for (const std::string& directory : candidates) {
        const std::filesystem::path path(directory);
        const bool isOurs =
            path.filename() == leafOf(id, nonce) && path.parent_path().filename() == name_;
        const auto mount = std::find_if(mounts_.begin(), mounts_.end(), [&](const auto& known) {
            return directory.starts_with(known.directory + "/");
        });
        if (!isOurs || mount == mounts_.end() || ::access(directory.c_str(), F_OK) != 0) continue;
        if (mount->isUnified)
            cgroup.unified = directory;
        else
            cgroup.versionOne.push_back(directory);
    }
    if (!cgroup.exists()) addNote(cgroup, "an earlier keeper made none");
    return cgroup;
}

bool CgroupTree::remove(const Cgroup& cgroup) {
    bool isGone = true;
    for (const std::string& directory : cgroup.directories())
        if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) isGone = false;
    return isGone;
}

void CgroupTree::removeRoots() {
    for (const CgroupMount& mount : mounts_) ::rmdir(rootIn(mount).c_str());
}

std::string CgroupTree::rootIn(const CgroupMount& mount) const {
    std::string base = parent_.empty() ? mount.own : mount.directory + parent_;
    while (base.ends_with('/')) base.pop_back();
    return base + "/" + name_;
}

Result<std::string> CgroupTree::makeIn(const CgroupMount& mount, const std::string& leaf) {
    const std::string root = rootIn(mount);
    for (const std::string& directory : {root, root + "/" + leaf})
        if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
            return Error(Errc::Failed, "cannot make " + directory + ": " + std::strerror(errno));
    return root + "/" + leaf;
}

void CgroupTree::addUnified(Cgroup& cgroup, const std::string& leaf,
                            const ProcessSettings& settings) {
    const auto mount = std::find_if(mounts_.begin(), mounts_.end(),
                                    [](const auto& known) { return known.isUnified; });
    if (mount == mounts_.end()) return;
    auto made = makeIn(*mount, leaf);
    if (!made) return addNote(cgroup, made.error().detail());
    cgroup.unified = *made;
    const std::string root = rootIn(*mount);
    for (const Setting& setting : unifiedSettings(settings)) {
        if (!isOffered(root, setting.controller)) continue;  // version 1 may have it
        int failure =
            writeFile(root + "/cgroup.subtree_control", "+" + std::string(setting.controller));
        if (failure == 0) failure = writeFile(*made + "/" + setting.file, setting.value);
        if (failure != 0)
            addNote(cgroup, std::string(setting.key) + " is not applied: " + setting.file + ": " +
                                std::strerror(failure));
    }
}

void CgroupTree::addVersionOne(Cgroup& cgroup, const std::string& leaf,
                               const ProcessSettings& settings) {
    const auto made = [&](const CgroupMount& mount) {
        auto directory = makeIn(mount, leaf);
        if (!directory) {
            addNote(cgroup, directory.error().detail());
            return std::string();
        }
        if (std::find(cgroup.versionOne.begin(), cgroup.versionOne.end(), *directory) ==
            cgroup.versionOne.end())
            cgroup.versionOne.push_back(*directory);
        return *directory;
    };
    for (const Setting& setting : versionOneSettings(settings)) {
        const bool isUnified =
            !cgroup.unified.empty() &&
            isOffered(std::filesystem::path(cgroup.unified).parent_path(), setting.controller);
        if (isUnified) continue;
        const auto mount = std::find_if(mounts_.begin(), mounts_.end(), [&](const auto& known) {
            return has(known, setting.controller);
        });
        if (mount == mounts_.end()) {
            addNote(cgroup, std::string(setting.key) + " is not applied: the " +
                                setting.controller + " controller is not offered here");
            continue;
        }
        const std::string directory = made(*mount);
        if (directory.empty()) continue;
        if (const int failure = writeFile(directory + "/" + setting.file, setting.value))
            addNote(cgroup, std::string(setting.key) + " is not applied: " + setting.file + ": " +
                                std::strerror(failure));
    }
    if (cgroup.exists()) return;
    // Without version 2, one that only tells who belongs to the server.
    const auto mount = std::find_if(mounts_.begin(), mounts_.end(),
                                    [](const auto& known) { return has(known, "pids"); });
    if (mount != mounts_.end()) made(*mount);
}

}  // namespace muster::keeper
