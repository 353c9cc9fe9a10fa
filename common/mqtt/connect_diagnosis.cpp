#include "common/mqtt/connect_diagnosis.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::mqtt {
namespace {

constexpr int kPatienceMs = 2000;  // as poll() has it

struct Address {
    std::string host, port;
    bool isTls = false;
    std::string shown() const {
        const bool isIpv6 = host.find(':') != std::string::npos;
        return (isIpv6 ? "[" + host + "]" : host) + ":" + port;
    }
};

Address addressOf(const std::string& url) {
    Address address;
    address.isTls = url.starts_with("mqtts://");
    const auto start = url.find("://");
    std::string rest = start == std::string::npos ? url : url.substr(start + 3);
    rest.resize(std::min(rest.find('/'), rest.size()));
    const auto bracket = rest.find(']');
    const auto colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
    address.host = rest.substr(0, colon);
    if (colon != std::string::npos) address.port = rest.substr(colon + 1);
    if (address.port.empty()) address.port = address.isTls ? "8883" : "1883";
    if (bracket != std::string::npos && rest.front() == '[')
        address.host = rest.substr(1, bracket - 1);
    return address;
}

/// 0, or the errno of a connect that ends within the patience.
int connectOnce(const addrinfo& to) {
    const int fd =
        ::socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, to.ai_protocol);
    if (fd < 0) return errno;
    int error = ::connect(fd, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        pollfd waiting{fd, POLLOUT, 0};
        socklen_t size = sizeof error;
        if (::poll(&waiting, 1, kPatienceMs) <= 0)
            error = ETIMEDOUT;
        else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    ::close(fd);
    return error;
}

}  // namespace

std::string diagnoseConnect(const std::string& url) {
    const Address address = addressOf(url);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int lookup = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
    if (lookup != 0)
        return "the broker's host name '" + address.host +
               "' cannot be resolved: " + ::gai_strerror(lookup);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
    int error = ETIMEDOUT;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        error = connectOnce(*at);
        if (error == 0 || error == ETIMEDOUT) break;  // the patience is for one of them
    }
    if (error == ECONNREFUSED)
        return "nothing listens at " + address.shown() + ": connection refused";
    if (error != 0) {
        char words[128];
        return "no connection to the broker at " + address.shown() + ": " +
               ::strerror_r(error, words, sizeof words);
    }
    return address.isTls ? "no TLS connection to the broker at " + address.shown() +
                               ": does it speak TLS there, is its certificate trusted, does it "
                               "want one of yours?"
                         : "no MQTT connection to the broker at " + address.shown() +
                               ", which can be reached: does it want TLS (mqtts)?";
}

}  // namespace muster::mqtt
