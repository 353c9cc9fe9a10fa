#include "examples/chat/ws_listener.hpp"

#include "examples/chat/line_link.hpp"

#include <chrono>
#include <deque>
#include <map>

#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

namespace chat {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using beast::error_code;

constexpr std::size_t kMaxMessage = 8 * 1024;
constexpr std::size_t kMaxWaiting = 500;
constexpr std::size_t kMaxUsers = 10'000;
constexpr double kPerSecond = 20, kBurst = 40;

/// One browser. Shared between the listener and its pending operations.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(tcp::socket socket, std::string user, const WsListener::Handlers& handlers,
            std::function<void(const std::string&)> onGone)
        : stream_(std::move(socket)),
          user_(std::move(user)),
          handlers_(handlers),
          onGone_(std::move(onGone)) {}

    void start() {
        stream_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
        stream_.read_message_max(kMaxMessage);
        stream_.async_accept([self = shared_from_this()](error_code error) {
            if (error) return self->finish();
            self->isOpen_ = true;
            self->handlers_.onConnected(self->user_);
            self->read();
        });
    }

    void send(const std::string& text) {
        if (!isOpen_) return;
        if (waiting_.size() >= kMaxWaiting) return cut();
        waiting_.push_back(text);
        if (waiting_.size() == 1) write();
    }

    /// Ends it; the pending read then fails, and finish() follows.
    void cut() {
        error_code ignored;
        beast::get_lowest_layer(stream_).socket().close(ignored);
    }

    /// The listener is gone: nobody is to be called any more.
    void orphan() {
        isFinished_ = true;
        isOpen_ = false;
        cut();
    }

private:
    void read() {
        stream_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error || self->isFinished_ || !self->mayTalk()) return self->finish();
            const std::string text = beast::buffers_to_string(self->buffer_.data());
            self->buffer_.consume(self->buffer_.size());
            self->handlers_.onMessage(self->user_, text);
            if (!self->isFinished_) self->read();
        });
    }

    void write() {
        stream_.text(true);
        stream_.async_write(asio::buffer(waiting_.front()),
                            [self = shared_from_this()](error_code error, std::size_t) {
                                if (error) return self->cut();
                                self->waiting_.pop_front();
                                if (!self->waiting_.empty()) self->write();
                            });
    }

    /// A token bucket: bursts are fine, floods are not.
    bool mayTalk() {
        const auto now = std::chrono::steady_clock::now();
        const std::chrono::duration<double> passed = now - refilled_;
        refilled_ = now;
        tokens_ = std::min(kBurst, tokens_ + passed.count() * kPerSecond) - 1;
        return tokens_ >= 0;
    }

    void finish() {
        if (isFinished_) return;
        isFinished_ = true;
        cut();
        if (std::exchange(isOpen_, false)) handlers_.onClosed(user_);
        onGone_(user_);
    }

    websocket::stream<beast::tcp_stream> stream_;
    std::string user_;
    const WsListener::Handlers& handlers_;
    std::function<void(const std::string&)> onGone_;
    beast::flat_buffer buffer_;
    std::deque<std::string> waiting_;
    std::chrono::steady_clock::time_point refilled_ = std::chrono::steady_clock::now();
    double tokens_ = kBurst;
    bool isOpen_ = false, isFinished_ = false;
};

}  // namespace

class WsListener::Impl {
public:
    Impl(asio::io_context& context, const std::string& host, int port, Handlers handlers)
        : handlers_(std::move(handlers)),
          acceptor_(context, host, port, [this](tcp::socket socket) { add(std::move(socket)); }) {}
    ~Impl() {
        for (auto& [user, session] : sessions_) session->orphan();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void send(const std::string& user, const std::string& text) {
        const auto found = sessions_.find(user);
        if (found != sessions_.end()) found->second->send(text);
    }

private:
    void add(tcp::socket socket) {
        if (sessions_.size() >= kMaxUsers) return;  // closes it
        const std::string user = "u" + std::to_string(next_++);
        auto session =
            std::make_shared<Session>(std::move(socket), user, handlers_,
                                      [this](const std::string& u) { sessions_.erase(u); });
        sessions_[user] = session;
        session->start();
    }

    Handlers handlers_;
    std::map<std::string, std::shared_ptr<Session>> sessions_;
    std::size_t next_ = 1;
    Acceptor acceptor_;
};

WsListener::WsListener(asio::io_context& context, const std::string& host, int port,
                       Handlers handlers)
    : impl_(std::make_unique<Impl>(context, host, port, std::move(handlers))) {}
WsListener::~WsListener() = default;

void WsListener::send(const std::string& user, const std::string& text) {
    impl_->send(user, text);
}

}  // namespace chat
