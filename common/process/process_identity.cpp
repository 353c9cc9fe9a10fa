#include "common/process/process_identity.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

namespace muster {

namespace {

constexpr std::size_t kMaxProcFile = 1 << 20;        // more of an environment is not looked at
constexpr std::uint64_t kKernelThread = 0x00200000;  // PF_KTHREAD of field 9 of stat

std::optional<std::string> readProcFile(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::string text;
    std::array<char, 4096> chunk{};
    while (text.size() < kMaxProcFile) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return text;
}

std::string procPath(pid_t pid, const char* file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

template <class Number>
bool parseNumber(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

bool isSameProcess(const ProcessIdentity& identity) {
    const auto stat = readProcStat(identity.pid);
    if (!stat || stat->startTicks != identity.startTicks) return false;
    if (stat->state == 'Z' || stat->state == 'X') return false;
    if (identity.nonce.empty()) return true;
    const auto nonce = environmentValue(identity.pid, "MUSTER_NONCE");
    return !nonce || *nonce == identity.nonce;
}

std::vector<pid_t> allPids() {
    std::vector<pid_t> pids;
    DIR* proc = ::opendir("/proc");
    if (proc == nullptr) return pids;
    while (const dirent* entry = ::readdir(proc)) {
        pid_t pid = 0;
        if (parseNumber(std::string_view(entry->d_name), pid)) pids.push_back(pid);
    }
    ::closedir(proc);
    return pids;
}

}  // namespace

std::optional<ProcStat> parseProcStat(std::string_view text) {
    const auto nameEnd = text.rfind(')');
    if (nameEnd == std::string_view::npos) return std::nullopt;
    std::array<std::string_view, 25> fields{};  // numbered as in proc(5), from 3 (state)
    std::size_t field = 3;
    for (std::size_t at = nameEnd + 1; at < text.size() && field < fields.size(); ++field) {
        at = text.find_first_not_of(" \n", at);
        if (at == std::string_view::npos) break;
        const auto end = std::min(text.find_first_of(" \n", at), text.size());
        fields[field] = text.substr(at, end - at);
        at = end;
    }
    ProcStat stat;
    std::uint64_t flags = 0;
    if (fields[3].size() != 1) return std::nullopt;
    stat.state = fields[3].front();
    const bool isComplete =
        parseNumber(fields[4], stat.parent) && parseNumber(fields[5], stat.group) &&
        parseNumber(fields[6], stat.session) && parseNumber(fields[9], flags) &&
        parseNumber(fields[14], stat.userTicks) && parseNumber(fields[15], stat.systemTicks) &&
        parseNumber(fields[20], stat.threads) && parseNumber(fields[22], stat.startTicks) &&
        parseNumber(fields[24], stat.rssPages);
    if (!isComplete) return std::nullopt;
    stat.isKernelThread = (flags & kKernelThread) != 0;
    return stat;
}

std::optional<ProcStat> readProcStat(pid_t pid) {
    if (pid <= 0) return std::nullopt;
    const auto text = readProcFile(procPath(pid, "stat"));
    if (!text) return std::nullopt;
    return parseProcStat(*text);
}

std::string currentBootId() {
    auto text = readProcFile("/proc/sys/kernel/random/boot_id").value_or("");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

std::optional<std::string> environmentValue(pid_t pid, std::string_view name) {
    const auto text = readProcFile(procPath(pid, "environ"));
    if (!text) return std::nullopt;
    for (std::size_t at = 0; at < text->size();) {
        const auto end = std::min(text->find('\0', at), text->size());
        const std::string_view entry = std::string_view(*text).substr(at, end - at);
        if (entry.size() > name.size() && entry.substr(0, name.size()) == name &&
            entry[name.size()] == '=')
            return std::string(entry.substr(name.size() + 1));
        at = end + 1;
    }
    return std::nullopt;
}

UniqueFd openProcess(const ProcessIdentity& identity) {
    if (identity.pid <= 1 || identity.bootId != currentBootId()) return UniqueFd();
    // The pidfd first, the check after: what the check sees is then what the pidfd holds.
    UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0)));
    if (!process || !isSameProcess(identity)) return UniqueFd();
    pollfd ended{process.get(), POLLIN, 0};
    if (::poll(&ended, 1, 0) != 0) return UniqueFd();
    return process;
}

bool isRunning(const ProcessIdentity& identity) {
    return static_cast<bool>(openProcess(identity));
}

Result<void> signalProcess(const ProcessIdentity& identity, int signal) {
    const UniqueFd process = openProcess(identity);
    if (!process)
        return Error(Errc::UnknownServer, "process " + std::to_string(identity.pid) + " is gone");
    if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0) return {};
    return Error(errno == ESRCH ? Errc::UnknownServer : Errc::Failed,
                 "signal " + std::to_string(signal) + " to process " +
                     std::to_string(identity.pid) + ": " + std::strerror(errno));
}

std::vector<ProcessIdentity> findByNonce(std::string_view nonce) {
    if (nonce.empty()) return {};
    auto found = findByNonces({std::string(nonce)}, 0, {});
    return found.empty() ? std::vector<ProcessIdentity>() : std::move(found.begin()->second);
}

std::map<std::string, std::vector<ProcessIdentity>> findByNonces(
    const std::set<std::string>& nonces, std::uint64_t oldestTicks, const std::set<pid_t>& known) {
    std::map<std::string, std::vector<ProcessIdentity>> found;
    const std::string bootId = currentBootId();
    for (const pid_t pid : allPids()) {
        if (known.contains(pid)) continue;
        const auto stat = readProcStat(pid);
        if (!stat || stat->state == 'Z' || stat->state == 'X') continue;
        if (stat->isKernelThread || stat->startTicks < oldestTicks) continue;
        auto nonce = environmentValue(pid, "MUSTER_NONCE");
        if (!nonce || !nonces.contains(*nonce)) continue;
        found[*nonce].push_back({pid, stat->startTicks, bootId, *nonce});
    }
    for (auto& [nonce, processes] : found)
        std::sort(processes.begin(), processes.end(), [](const auto& left, const auto& right) {
            return std::pair(left.startTicks, left.pid) < std::pair(right.startTicks, right.pid);
        });
    return found;
}

}  // namespace muster
