#include "keeper/listen_sockets.hpp"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr int kLeastNumber = 64;
constexpr int kFirstPassed = 3;  // sd_listen_fds(3)

UniqueFd movedUp(UniqueFd socket) {
    return UniqueFd(::fcntl(socket.get(), F_DUPFD_CLOEXEC, kLeastNumber));
}

/// Only addresses, so that no name server keeps the keeper waiting.
Result<UniqueFd> listenAt(const std::string& address) {
    const auto colon = address.rfind(':');
    const auto failure = [&](const char* why) {
        return Error(Errc::Failed, "listen " + address + ": " + why);
    };
    if (colon == std::string::npos) return failure("is not host:port");
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    addrinfo wanted{};
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    const std::string port = address.substr(colon + 1);
    if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &first) != 0)
        return failure("is no address and port");
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(first, ::freeaddrinfo);
    UniqueFd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0)
        return failure(std::strerror(errno));
    return movedUp(std::move(socket));
}

}  // namespace

Result<std::vector<int>> ListenSockets::open(const std::string& id,
                                             const std::vector<std::string>& addresses) {
    if (addresses.empty()) {
        sockets_.erase(id);
        return std::vector<int>{};
    }
    Sockets& known = sockets_[id];
    Sockets kept;
    std::vector<int> numbers;
    for (const std::string& address : addresses) {
        const auto open = known.find(address);
        if (open != known.end()) {
            kept[address] = std::move(open->second);
            known.erase(open);
        } else if (!kept.contains(address)) {
            auto socket = listenAt(address);
            if (!socket) {
                known.merge(kept);
                return socket.error();
            }
            kept[address] = std::move(*socket);
        }
        numbers.push_back(kept[address].get());
    }
    known = std::move(kept);
    return numbers;
}

void ListenSockets::adopt(const std::string& id, const std::vector<std::string>& addresses,
                          int process) {
    int passed = kFirstPassed;
    for (const std::string& address : addresses) {
        // One that it has closed or put elsewhere is opened anew for its next life.
        UniqueFd socket(static_cast<int>(::syscall(SYS_pidfd_getfd, process, passed++, 0U)));
        int isListening = 0;
        socklen_t size = sizeof isListening;
        if (socket &&
            ::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 &&
            isListening != 0)
            sockets_[id][address] = movedUp(std::move(socket));
    }
}

}  // namespace muster::keeper
