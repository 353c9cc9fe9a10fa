#include "common/config/hosts.hpp"

#include <array>
#include <memory>

#include <ifaddrs.h>
#include <netdb.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::config {
namespace {

bool isHostName(const std::string& host) {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 && host == name.data();
}

bool isOwnAddress(const std::string& host) {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return false;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(first, ::freeifaddrs);
    for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr) continue;
        const bool isV6 = at->ifa_addr->sa_family == AF_INET6;
        if (!isV6 && at->ifa_addr->sa_family != AF_INET) continue;
        std::array<char, NI_MAXHOST> text{};
        const socklen_t size = isV6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
        if (::getnameinfo(at->ifa_addr, size, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0 &&
            host == text.data())
            return true;
    }
    return false;
}

}  // namespace

bool isThisHost(const std::string& host, const Cluster& cluster) {
    const bool isLoopback = host == "localhost" || host == "::1" || host.starts_with("127.");
    if (isLoopback || host == "0.0.0.0" || host == "::") return true;
    return host == cluster.masterHost || isHostName(host) || isOwnAddress(host);
}

bool mayBind(const Server& server, const Cluster& cluster) {
    if (!server.cpu) return false;
    if (!isThisHost(server.host, cluster)) return true;
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return false;
    return *server.cpu < CPU_SETSIZE && CPU_ISSET(static_cast<std::size_t>(*server.cpu), &usable);
}

}  // namespace muster::config
