#include "master/mqtt/listener.hpp"

#include "common/log.hpp"
#include "master/async/asio_loop.hpp"
#include "master/mqtt/peer.hpp"

#include <unordered_map>

#include <boost/asio/post.hpp>

namespace muster::mqtt {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kInputSize = 256u << 10;          // one read; shared by all peers
constexpr std::chrono::milliseconds kAcceptPause{200};  // after the system ran out of descriptors
constexpr std::chrono::milliseconds kClosingSweep{500};

std::string textOf(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace

class Listener::Impl final : public PeerHost, public std::enable_shared_from_this<Impl> {
public:
    Impl(AsioLoop& loop, Broker& broker, ListenerOptions options)
        : loop_(loop), broker_(broker), options_(std::move(options)), acceptor_(loop.context()) {
        input.resize(kInputSize);
    }

    Result<void> start();
    void stop();
    std::uint16_t port() const noexcept { return port_; }
    std::size_t connections() const noexcept { return peers_.size(); }

    TimePoint now() const override { return loop_.now(); }
    void flushLater(const std::shared_ptr<Peer>& peer) override;
    void closing(const std::shared_ptr<Peer>& peer) override;
    void done(Peer& peer) override { peers_.erase(&peer); }

private:
    void accept();
    void onAccepted(const error_code& error, tcp::socket socket);
    void welcome(tcp::socket socket);
    void flushAll();
    void sweepClosing();

    AsioLoop& loop_;
    Broker& broker_;
    ListenerOptions options_;
    tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    bool isStopped_ = false;
    TimerId acceptTimer_ = 0;
    TimerId sweepTimer_ = 0;
    std::unordered_map<Peer*, std::shared_ptr<Peer>> peers_;
    std::vector<std::shared_ptr<Peer>> dirty_;  // to be flushed at the end of this turn
    std::vector<std::shared_ptr<Peer>> flushing_;
    std::vector<std::weak_ptr<Peer>> closing_;
};

Result<void> Listener::Impl::start() {
    error_code error;
    const std::string host = options_.host == "localhost" ? "127.0.0.1" : options_.host;
    const auto address = asio::ip::make_address(host, error);
    if (error)
        return Error(Errc::BadMessage, "listener '" + options_.name + "': '" + options_.host +
                                           "' is no address; give an IPv4 or IPv6 address");
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        error_code ignored;
        acceptor_.close(ignored);
        return Error(Errc::Failed, "listener '" + options_.name + "' cannot listen on " +
                                       textOf(endpoint) + ": " + error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    accept();
    return {};
}

void Listener::Impl::stop() {
    if (isStopped_) return;
    isStopped_ = true;
    loop_.cancel(acceptTimer_);
    loop_.cancel(sweepTimer_);
    error_code ignored;
    acceptor_.close(ignored);
    const auto peers = std::exchange(peers_, {});
    for (const auto& [address, peer] : peers) peer->cut("the listener was closed");
    dirty_.clear();
}

void Listener::Impl::accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
            self->onAccepted(error, std::move(socket));
        });
}

void Listener::Impl::onAccepted(const error_code& error, tcp::socket socket) {
    if (isStopped_) return;
    if (!error) {
        welcome(std::move(socket));
        return accept();
    }
    if (error == asio::error::connection_aborted) return accept();
    log::warn("broker", "listener '{}' cannot accept: {}; trying again in {} ms", options_.name,
              error.message(), kAcceptPause.count());
    acceptTimer_ = loop_.after(kAcceptPause, [this] { accept(); });
}

void Listener::Impl::welcome(tcp::socket socket) {
    error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;  // gone already
    if (peers_.size() >= options_.maxConnections) {
        ++broker_.counters().connectionsRefused;
        return;
    }
    auto peer = std::make_shared<Peer>(std::move(socket), *this);
    peers_.emplace(peer.get(), peer);
    peer->start(broker_, {textOf(remote), options_.name, options_.allowsForeign});
}

void Listener::Impl::flushLater(const std::shared_ptr<Peer>& peer) {
    if (dirty_.empty())
        asio::post(loop_.context(), [self = shared_from_this()] { self->flushAll(); });
    dirty_.push_back(peer);
}

// A flush may make output anew; that goes out with the next turn, so that nobody waits for ever.
void Listener::Impl::flushAll() {
    flushing_.swap(dirty_);
    for (const auto& peer : flushing_) peer->flush();
    flushing_.clear();
}

void Listener::Impl::closing(const std::shared_ptr<Peer>& peer) {
    closing_.push_back(peer);
    if (sweepTimer_ == 0 && !isStopped_)
        sweepTimer_ = loop_.after(kClosingSweep, [this] { sweepClosing(); });
}

void Listener::Impl::sweepClosing() {
    sweepTimer_ = 0;
    const auto candidates = std::exchange(closing_, {});  // what is cut may close others
    for (const auto& weak : candidates) {
        const auto peer = weak.lock();
        if (!peer) continue;
        if (!peer->isOverdue(now())) {
            closing_.push_back(weak);
            continue;
        }
        peer->cut("closed");
        peers_.erase(peer.get());
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
std::uint16_t Listener::port() const noexcept {
    return impl_->port();
}
std::size_t Listener::connections() const noexcept {
    return impl_->connections();
}
void Listener::stop() {
    impl_->stop();
}

}  // namespace muster::mqtt
