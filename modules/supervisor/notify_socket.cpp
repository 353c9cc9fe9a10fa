#include "modules/supervisor/notify_socket.hpp"

#include "common/process/unix_address.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <sys/epoll.h>
#include <sys/stat.h>

namespace muster::supervisor {

namespace {

constexpr std::string_view kFile = "notify.sock";
constexpr std::size_t kMaxDatagram = 4096;

/// FNV-1a, so that an abstract name is the same for every build.
std::string nameOf(const std::string& directory) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : directory) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return "muster-notify-" + std::to_string(hash);
}

}  // namespace

NotifyMessage parseNotify(std::string_view datagram) {
    NotifyMessage message;
    while (!datagram.empty()) {
        const auto end = std::min(datagram.find('\n'), datagram.size());
        const std::string_view line = datagram.substr(0, end);
        datagram.remove_prefix(std::min(end + 1, datagram.size()));
        constexpr std::string_view kBusy = "X_MUSTER_BUSY=";
        if (line == "READY=1") message.isReady = true;
        if (line == "STOPPING=1") message.isStopping = true;
        if (line == "WATCHDOG=1") message.isWatchdog = true;
        if (line == "X_MUSTER_DRAINING=1") message.isDraining = true;
        if (line == "X_MUSTER_DRAINING=0") message.isDraining = false;
        if (!line.starts_with(kBusy)) continue;
        const std::string_view digits = line.substr(kBusy.size());
        std::int64_t count = 0;
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), count);
        if (error == std::errc() && stop == digits.data() + digits.size() && count >= 0)
            message.busy = count;
    }
    return message;
}

NotifySocket::~NotifySocket() {
    if (socket_) loop_.unwatch(socket_.get());
}

Result<void> NotifySocket::open(const std::string& stateDirectory) {
    const std::string path = stateDirectory + "/" + std::string(kFile);
    const bool isAbstract = ::geteuid() == 0 || path.size() >= sizeof(sockaddr_un{}.sun_path);
    const std::string name = nameOf(stateDirectory);
    address_ = isAbstract ? "@" + name : path;
    if (!isAbstract) ::unlink(path.c_str());
    const UnixAddress address = isAbstract ? UnixAddress(name) : UnixAddress(stateDirectory, kFile);
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    const bool isOpen = socket_ &&
                        ::setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
                        ::bind(socket_.get(), address.get(), address.size()) == 0;
    if (!isOpen)
        return Error(Errc::Failed, "cannot bind " + address_ + ": " + std::strerror(errno));
    loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { receive(); });
    return {};
}

void NotifySocket::receive() {
    std::array<char, kMaxDatagram> text;  // not cleared
    // Room for the credentials alone: file descriptors somebody passes are dropped by the kernel.
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control;
    for (int count = 0; count < 64; ++count) {  // then others get their turn
        iovec part{text.data(), text.size()};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
        if (got < 0) return;
        const cmsghdr* item = CMSG_FIRSTHDR(&header);
        const bool isKnown =
            item != nullptr && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_CREDENTIALS;
        if (!isKnown || (header.msg_flags & MSG_TRUNC) != 0) continue;
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(item), sizeof sender);
        handler_(sender.pid, parseNotify({text.data(), static_cast<std::size_t>(got)}));
    }
}

}  // namespace muster::supervisor
