#include "modules/supervisor/tcp_probe.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/epoll.h>

namespace muster::supervisor {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestWait{1000};
constexpr milliseconds kPatience{1000};  // for one address

}  // namespace

/// A name's lookup, on a thread of its own, since it takes as long as the name service likes.
struct TcpProbe::Lookup {
    std::mutex mutex;
    TcpProbe* probe = nullptr;  // null: it is gone; under the mutex
};

TcpProbe::TcpProbe(EpollLoop& loop, const ServerSpec& spec, std::function<void()> onReady)
    : loop_(loop),
      host_(spec.host),
      port_(static_cast<std::uint16_t>(spec.readiness.port != 0 ? spec.readiness.port : spec.port)),
      onReady_(std::move(onReady)),
      addresses_(find(host_, port_, AI_NUMERICHOST)) {
    isName_ = addresses_.empty();
    if (isName_)
        for (const char* loopback : {"127.0.0.1", "::1"})
            for (const Address& address : find(loopback, port_, AI_NUMERICHOST))
                addresses_.push_back(address);
    timer_ = loop_.after(milliseconds(0), [this] { attempt(); });
}

TcpProbe::~TcpProbe() {
    if (lookup_) {
        const std::lock_guard lock(lookup_->mutex);
        lookup_->probe = nullptr;
    }
    loop_.cancel(timer_);
    if (socket_) loop_.unwatch(socket_.get());
}

std::vector<TcpProbe::Address> TcpProbe::find(const std::string& host, std::uint16_t port,
                                              int flags) {
    addrinfo hints{};
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    std::vector<Address> found;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return found;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        Address address;
        std::memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
        address.size = at->ai_addrlen;
        found.push_back(address);
    }
    ::freeaddrinfo(list);
    return found;
}

void TcpProbe::lookUp() {
    lookup_ = std::make_shared<Lookup>();
    lookup_->probe = this;
    const auto look = [lookup = lookup_, host = host_, port = port_] {
        auto found = find(host, port, 0);
        // While the probe is there, so is its loop; what is posted looks again.
        const std::lock_guard lock(lookup->mutex);
        if (lookup->probe == nullptr) return;
        lookup->probe->loop_.post([lookup, found = std::move(found)] {
            TcpProbe* probe = lookup->probe;  // on the loop's thread, which alone clears it
            if (probe == nullptr) return;
            probe->lookup_.reset();
            if (found.empty()) return;
            probe->isName_ = false;
            probe->addresses_.insert(probe->addresses_.begin(), found.begin(), found.end());
        });
    };
    try {
        std::thread(look).detach();
    } catch (const std::system_error&) {
        lookup_.reset();  // no thread to be had: with the next round
    }
}

void TcpProbe::attempt() {
    timer_ = 0;
    if (next_ == 0 && isName_ && !lookup_) lookUp();
    const Address address = addresses_.at(next_);
    socket_.reset(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) return failed();
    const auto* target = reinterpret_cast<const sockaddr*>(&address.bytes);
    if (::connect(socket_.get(), target, address.size) != 0 && errno != EINPROGRESS)
        return failed();
    loop_.watch(socket_.get(), EPOLLOUT, [this](std::uint32_t) { finish(); });
    timer_ = loop_.after(kPatience, [this] { failed(); });
}

void TcpProbe::finish() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed();
    loop_.unwatch(socket_.get());
    socket_.reset();
    loop_.cancel(std::exchange(timer_, 0));
    const auto onReady = onReady_;  // may destroy this
    onReady();
}

/// Then the next address; after the last one all of them, a while later.
void TcpProbe::failed() {
    loop_.cancel(timer_);
    if (socket_) loop_.unwatch(socket_.get());
    socket_.reset();
    next_ = (next_ + 1) % addresses_.size();
    const milliseconds wait = next_ == 0 ? wait_ : milliseconds(0);
    if (next_ == 0) wait_ = std::min(wait_ * 3 / 2, kLongestWait);
    timer_ = loop_.after(wait, [this] { attempt(); });
}

}  // namespace muster::supervisor
