#include "monitor/node_link.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::optional<long long> number(const std::string& text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
    return value;
}

}  // namespace

NodeLink::Address NodeLink::fromEnvironment() {
    Address address;
    address.socket = environment("NOTIFY_SOCKET");
    const auto pid = number(environment("WATCHDOG_PID"));
    if (pid && *pid != ::getpid()) return address;  // meant for another process
    if (const auto patience = number(environment("WATCHDOG_USEC")))
        address.watchdog = std::chrono::microseconds(*patience);
    return address;
}

NodeLink::NodeLink(Address address) : address_(std::move(address)) {
    const std::string& name = address_.socket;
    if (name.size() < 2 || name.size() >= sizeof(sockaddr_un::sun_path)) return;
    if (name[0] != '/' && name[0] != '@') return;
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

NodeLink::~NodeLink() {
    if (fd_ >= 0) ::close(fd_);
}

std::string NodeWord::text() const {
    std::string text;
    if (isReady) text += "READY=1\n";
    if (isDraining) text += *isDraining ? "X_MUSTER_DRAINING=1\n" : "X_MUSTER_DRAINING=0\n";
    if (isStopping) text += "STOPPING=1\n";
    if (busy) text += "X_MUSTER_BUSY=" + std::to_string(*busy) + "\n";
    return text;
}

template <class Change>
bool NodeLink::say(const char* assignment, Change change) {
    std::string text = assignment;
    {
        const std::lock_guard lock(mutex_);
        change(word_);
        if (text.empty()) text = word_.text();
    }
    const bool isSent = text.empty() || send(text);
    if (!isSent) isBehind_ = true;
    return isSent;
}

bool NodeLink::ready() {
    return say("READY=1", [](NodeWord& word) { word.isReady = true; });
}

bool NodeLink::draining(bool isDraining) {
    return say(isDraining ? "X_MUSTER_DRAINING=1" : "X_MUSTER_DRAINING=0",
               [isDraining](NodeWord& word) { word.isDraining = isDraining; });
}

bool NodeLink::stopping() {
    return say("STOPPING=1", [](NodeWord& word) { word.isStopping = true; });
}

bool NodeLink::busy(std::int64_t count) {
    const std::int64_t shown = std::max<std::int64_t>(count, 0);
    const std::string text = "X_MUSTER_BUSY=" + std::to_string(shown);
    return say(text.c_str(), [shown](NodeWord& word) { word.busy = shown; });
}

bool NodeLink::beat() {
    std::string text = "WATCHDOG=1\n";
    {
        const std::lock_guard lock(mutex_);
        text += word_.text();
    }
    return send(text);
}

bool NodeLink::catchUp() {
    if (fd_ < 0 || !isBehind_.exchange(false)) return true;
    return say("", [](NodeWord&) {});
}

bool NodeLink::send(std::string_view assignment) const {
    if (fd_ < 0) return false;
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    std::memcpy(target.sun_path, address_.socket.data(), address_.socket.size());
    if (target.sun_path[0] == '@') target.sun_path[0] = '\0';  // unix(7): abstract
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.socket.size());
    return ::sendto(fd_, assignment.data(), assignment.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&target),
                    length) == static_cast<ssize_t>(assignment.size());
}

std::optional<std::chrono::milliseconds> NodeLink::heartbeat() const {
    if (!address_.watchdog || fd_ < 0) return std::nullopt;
    const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(*address_.watchdog) / 2;
    return std::max(half, std::chrono::milliseconds(1));
}

}  // namespace muster
