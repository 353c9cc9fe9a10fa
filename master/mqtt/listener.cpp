#include "master/mqtt/listener.hpp"

#include "common/log.hpp"
#include "master/async/asio_loop.hpp"
#include "master/async/ready_set.hpp"
#include "master/mqtt/peer.hpp"
#include "master/mqtt/stream_source.hpp"

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include <boost/asio/ip/tcp.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace muster::mqtt {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kInputSize = 256u << 10;          // one read; shared by all peers
constexpr std::size_t kTurnInput = 1u << 20;            // of all reads of a turn, about
constexpr std::size_t kLeastInput = 4u << 10;           // of one of them
constexpr std::chrono::milliseconds kAcceptPause{200};  // after the system ran out of descriptors
constexpr std::chrono::milliseconds kClosingSweep{500};
constexpr int kMostAccepts = 128;  // in one turn, so that those who are in go on
constexpr int kMostTurns = 4;      // before timers and other work have theirs

/// A client of IPv4 is the same one at a listener of IPv6, where it has a mapped address.
asio::ip::address plainOf(const asio::ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

std::string textOf(const tcp::endpoint& endpoint) {
    const asio::ip::address address = plainOf(endpoint.address());
    const std::string port = std::to_string(endpoint.port());
    return address.is_v6() ? "[" + address.to_string() + "]:" + port
                           : address.to_string() + ":" + port;
}

/// Every accepted socket inherits these. A client without MQTT's keep alive (pomelo's have none) is
/// found dead by TCP, after two minutes. What cannot be set costs speed, nothing else.
void setInheritedOptions(int socket) {
    const auto set = [socket](int level, int name, int value) {
        (void)::setsockopt(socket, level, name, &value, sizeof value);
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace

class Listener::Impl final : public PeerHost, public std::enable_shared_from_this<Impl> {
public:
    Impl(AsioLoop& loop, Broker& broker, ListenerOptions options)
        : loop_(loop),
          broker_(broker),
          options_(std::move(options)),
          streams_(std::move(options_.tls), std::move(options_.webSocket)),
          acceptor_(loop.context()),
          ready_(loop, [this] { runTurns(); }) {
        input.resize(kInputSize);
    }

    Result<void> start();
    Result<void> reload();
    void stop();
    std::uint16_t port() const noexcept { return port_; }
    std::size_t connections() const noexcept { return peers_.size(); }
    const std::string& name() const noexcept { return options_.name; }
    bool hasTls() const noexcept { return streams_.hasTls(); }

    TimePoint now() const override { return isInTurn_ ? turnTime_ : loop_.now(); }
    void flushLater(Peer& peer) override;
    void closes(int socket) override { ready_.remove(socket); }
    void readLater(Peer& peer) override;
    void closing(Peer& peer) override;
    void done(Peer& peer) override;

private:
    Result<void> open(const tcp::endpoint& endpoint);
    void waitForClients();
    void acceptAll();
    bool acceptOne();
    void welcome(UniqueFd socket, const tcp::endpoint& remote);
    bool makeRoom();
    void runTurns();
    bool runTurn();
    void workLater();
    void flushAll();
    void sweepClosing();

    AsioLoop& loop_;
    Broker& broker_;
    ListenerOptions options_;
    StreamSource streams_;
    tcp::acceptor acceptor_;
    ReadySet ready_;
    std::uint16_t port_ = 0;
    bool isStopped_ = false;
    bool isInTurn_ = false;
    TimePoint turnTime_{};   // one look at the clock for all that a turn brings
    bool willWork_ = false;  // runTurns() was posted
    TimerId acceptTimer_ = 0;
    TimerId sweepTimer_ = 0;
    // A peer is destroyed at the end of a turn only, when no list names it.
    std::unordered_map<Peer*, std::unique_ptr<Peer>> peers_;
    std::vector<std::unique_ptr<Peer>> ended_;
    std::vector<Peer*> dirty_, flushing_;
    std::vector<Peer*> readable_, reading_;
    std::vector<Peer*> closing_;
};

Result<void> Listener::Impl::start() {
    error_code error;
    const std::string host = options_.host == "localhost" ? "127.0.0.1" : options_.host;
    const auto address = asio::ip::make_address(host, error);
    if (error)
        return Error(Errc::BadMessage, "listener '" + options_.name + "': '" + options_.host +
                                           "' is no address; give an IPv4 or IPv6 address");
    if (auto loaded = reload(); !loaded) return loaded;
    return open(tcp::endpoint(address, options_.port));
}

Result<void> Listener::Impl::reload() {
    auto loaded = streams_.load();
    if (loaded) return loaded;
    return Error(loaded.error().code(),
                 "listener '" + options_.name + "': " + loaded.error().detail());
}

Result<void> Listener::Impl::open(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) setInheritedOptions(acceptor_.native_handle());
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) acceptor_.non_blocking(true, error);
    if (!error && !ready_.open()) error = error_code(errno, boost::system::system_category());
    if (error) {
        error_code ignored;
        acceptor_.close(ignored);
        return Error(Errc::Failed, "listener '" + options_.name + "' cannot listen on " +
                                       textOf(endpoint) + ": " + error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    waitForClients();
    return {};
}

void Listener::Impl::stop() {
    if (isStopped_) return;
    isStopped_ = true;
    loop_.cancel(acceptTimer_);
    loop_.cancel(sweepTimer_);
    error_code ignored;
    acceptor_.close(ignored);
    ready_.close();
    const auto peers = std::exchange(peers_, {});
    for (const auto& [address, peer] : peers) peer->cut("the listener was closed");
    for (auto* list : {&dirty_, &readable_, &closing_}) list->clear();
    ended_.clear();
}

void Listener::Impl::waitForClients() {
    acceptor_.async_wait(tcp::acceptor::wait_read,
                         [self = shared_from_this()](const error_code& error) {
                             if (!error && !self->isStopped_) self->acceptAll();
                         });
}

void Listener::Impl::acceptAll() {
    for (int i = 0; i < kMostAccepts; ++i) {
        if (acceptOne()) continue;
        const int error = errno;
        if (error == EAGAIN) break;
        // What the network did to one client says nothing about the next (accept(2)).
        if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) continue;
        if (makeRoom()) continue;
        log::warn("broker", "listener '{}' cannot accept: {}; trying again in {} ms", options_.name,
                  error_code(error, boost::system::system_category()).message(),
                  kAcceptPause.count());
        acceptTimer_ = loop_.after(kAcceptPause, [this] { waitForClients(); });
        return;
    }
    waitForClients();
}

bool Listener::Impl::acceptOne() {
    tcp::endpoint remote;
    auto size = static_cast<socklen_t>(remote.capacity());
    UniqueFd socket(
        ::accept4(acceptor_.native_handle(), remote.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return false;
    remote.resize(size);
    if (peers_.size() >= options_.maxConnections && !makeRoom())
        ++broker_.counters().connectionsRefused;
    else
        welcome(std::move(socket), remote);
    return true;
}

void Listener::Impl::welcome(UniqueFd socket, const tcp::endpoint& remote) {
    if (!broker_.admits(textOf(remote))) return;
    auto peer = std::make_unique<Peer>(std::move(socket), *this, streams_.make());
    if (!ready_.add(peer->socket(), peer.get())) {
        ++broker_.counters().connectionsRefused;
        return;
    }
    peer->start(broker_, {textOf(remote), options_.name, options_.allowsForeign});
    peers_.emplace(peer.get(), std::move(peer));
}

// Those who were told to go have a place only as long as nobody else wants it: else whoever is
// turned away again and again, and does not hang up, would keep all others out.
bool Listener::Impl::makeRoom() {
    const auto found = std::find_if(closing_.begin(), closing_.end(),
                                    [](const Peer* peer) { return peer->isLingering(); });
    if (found == closing_.end()) return false;
    Peer& peer = **found;
    peer.cut("closed");
    done(peer);
    return true;
}

void Listener::Impl::flushLater(Peer& peer) {
    dirty_.push_back(&peer);
    workLater();
}

void Listener::Impl::readLater(Peer& peer) {
    readable_.push_back(&peer);
    workLater();
}

void Listener::Impl::done(Peer& peer) {
    auto node = peers_.extract(&peer);
    if (!node.empty()) ended_.push_back(std::move(node.mapped()));
    workLater();
}

void Listener::Impl::workLater() {
    if (isInTurn_ || willWork_ || isStopped_) return;
    willWork_ = true;
    loop_.post([self = shared_from_this()] {
        self->willWork_ = false;
        self->runTurns();
    });
}

void Listener::Impl::runTurns() {
    if (isStopped_) return;
    isInTurn_ = true;
    bool hasMore = true;
    for (int i = 0; i < kMostTurns && hasMore && !isStopped_; ++i) hasMore = runTurn();
    isInTurn_ = false;
    if (isStopped_) return;
    if (!readable_.empty() || !dirty_.empty() || !ended_.empty()) workLater();
    ready_.arm();
}

// Everything that can be read first, then one write for each peer. Whether more waits already:
// looking for what may have come meanwhile is a system call, and the loop looks anyway.
bool Listener::Impl::runTurn() {
    turnTime_ = loop_.now();
    reading_.swap(readable_);
    const auto events = ready_.take();
    // Many who send as much as they can must not make everybody else wait for each of them.
    share = std::max(kTurnInput / (events.size() + reading_.size() + 1), kLeastInput);
    for (const epoll_event& event : events) {
        const bool isBroken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        const bool hasEnded = isBroken || (event.events & EPOLLRDHUP) != 0;
        static_cast<Peer*>(event.data.ptr)
            ->onReady((event.events & EPOLLIN) != 0, isBroken || (event.events & EPOLLOUT) != 0,
                      hasEnded);
    }
    for (Peer* peer : reading_) peer->read();
    const bool isPart = events.size() == ReadySet::kMostEvents;
    reading_.clear();
    flushAll();
    return isPart || !readable_.empty() || !dirty_.empty();
}

// A flush may make output anew; that goes out with the next turn, so that nobody waits for ever.
void Listener::Impl::flushAll() {
    flushing_.swap(dirty_);
    for (Peer* peer : flushing_) peer->flush();
    flushing_.clear();
    if (ended_.empty()) return;
    for (auto* list : {&dirty_, &readable_, &closing_})
        std::erase_if(*list, [](const Peer* peer) { return peer->hasCut(); });
    ended_.clear();
}

void Listener::Impl::closing(Peer& peer) {
    closing_.push_back(&peer);
    if (sweepTimer_ == 0 && !isStopped_)
        sweepTimer_ = loop_.after(kClosingSweep, [this] { sweepClosing(); });
}

void Listener::Impl::sweepClosing() {
    sweepTimer_ = 0;
    const auto candidates = std::exchange(closing_, {});  // what is cut may close others
    for (Peer* peer : candidates) {
        if (peer->hasCut()) continue;
        if (!peer->isOverdue(now())) {
            closing_.push_back(peer);
            continue;
        }
        peer->cut("closed");
        done(*peer);
    }
    if (!closing_.empty() && sweepTimer_ == 0)
        sweepTimer_ = loop_.after(kClosingSweep, [this] { sweepClosing(); });
}

Listener::Listener(AsioLoop& loop, Broker& broker, ListenerOptions options)
    : impl_(std::make_shared<Impl>(loop, broker, std::move(options))) {}

Listener::~Listener() {
    stop();
}

Result<void> Listener::start() {
    return impl_->start();
}
Result<void> Listener::reload() {
    return impl_->reload();
}
std::uint16_t Listener::port() const noexcept {
    return impl_->port();
}
std::size_t Listener::connections() const noexcept {
    return impl_->connections();
}
const std::string& Listener::name() const noexcept {
    return impl_->name();
}
bool Listener::hasTls() const noexcept {
    return impl_->hasTls();
}
void Listener::stop() {
    impl_->stop();
}

}  // namespace muster::mqtt
