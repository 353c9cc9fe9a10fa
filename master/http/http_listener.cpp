#include "master/http/http_listener.hpp"

#include "master/async/asio_loop.hpp"

#include <optional>
#include <unordered_set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace muster::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{200};  // after the system ran out of descriptors

}  // namespace

class HttpListener::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(AsioLoop& loop, HttpOptions options, Handler handler)
        : options_(std::move(options)),
          handler_(std::move(handler)),
          acceptor_(loop.context()),
          pause_(loop.context()) {}

    Result<void> start();
    void stop();
    std::uint16_t port() const noexcept { return port_; }
    std::size_t connections() const noexcept { return exchanges_.size(); }

private:
    class Exchange;
    void accept();
    void accepted(const error_code& error, tcp::socket socket);

    HttpOptions options_;
    Handler handler_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::uint16_t port_ = 0;
    bool isStopped_ = false;
    std::unordered_set<Exchange*> exchanges_;  // those that live
};

/// One request and its answer. Lives as long as an operation of it is under way.
class HttpListener::Impl::Exchange : public std::enable_shared_from_this<Exchange> {
public:
    Exchange(std::shared_ptr<Impl> owner, tcp::socket socket)
        : owner_(std::move(owner)),
          stream_(std::move(socket)),
          in_(owner_->options_.maxHeaderBytes) {
        owner_->exchanges_.insert(this);
        parser_.header_limit(static_cast<std::uint32_t>(owner_->options_.maxHeaderBytes));
        parser_.body_limit(0);
    }
    ~Exchange() { owner_->exchanges_.erase(this); }

    void run() {
        stream_.expires_after(owner_->options_.deadline);
        bhttp::async_read(stream_, in_, parser_,
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              self->onRequest(error);
                          });
    }
    void close() { stream_.close(); }

private:
    void onRequest(const error_code& error) {
        if (owner_->isStopped_) return;
        if (!error) return answer(answerTo(parser_.get()));
        if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow)
            return answer({431, "text/plain", "the header is too long\n"});
        if (error == bhttp::error::body_limit)
            return answer({413, "text/plain", "no body is taken\n"});
        // Others are gone, or too slow.
        if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category() &&
            error != bhttp::error::end_of_stream && error != bhttp::error::partial_message)
            answer({400, "text/plain", "this is no HTTP\n"});
    }

    Answer answerTo(const bhttp::request<bhttp::empty_body>& request) const {
        if (request.method() != bhttp::verb::get && request.method() != bhttp::verb::head)
            return {405, "text/plain", "only GET and HEAD\n"};
        const std::string_view target(request.target().data(), request.target().size());
        return owner_->handler_(target.substr(0, target.find('?')));
    }

    void answer(Answer answer) {
        response_.result(answer.status);
        response_.version(11);
        response_.keep_alive(false);
        response_.set(bhttp::field::content_type, answer.type);
        if (answer.status == 405) response_.set(bhttp::field::allow, "GET, HEAD");
        response_.content_length(answer.body.size());
        if (parser_.get().method() != bhttp::verb::head) response_.body() = std::move(answer.body);
        stream_.expires_after(owner_->options_.deadline);
        bhttp::async_write(stream_, response_,
                           [self = shared_from_this()](const error_code&, std::size_t) {
                               error_code ignored;
                               self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                           });
    }

    std::shared_ptr<Impl> owner_;
    beast::tcp_stream stream_;
    beast::flat_buffer in_;
    bhttp::request_parser<bhttp::empty_body> parser_;
    bhttp::response<bhttp::string_body> response_;
};

Result<void> HttpListener::Impl::start() {
    error_code error;
    const std::string host = options_.host == "localhost" ? "127.0.0.1" : options_.host;
    const auto address = asio::ip::make_address(host, error);
    if (error)
        return Error(Errc::BadMessage, "metrics: '" + options_.host +
                                           "' is no address; give an IPv4 or IPv6 address");
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        error_code ignored;
        acceptor_.close(ignored);
        return Error(Errc::Failed, "metrics cannot be served on " + host + ":" +
                                       std::to_string(options_.port) + ": " + error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    accept();
    return {};
}

void HttpListener::Impl::accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
            self->accepted(error, std::move(socket));
        });
}

void HttpListener::Impl::accepted(const error_code& error, tcp::socket socket) {
    if (isStopped_) return;
    if (!error && exchanges_.size() < options_.maxConnections)
        std::make_shared<Exchange>(shared_from_this(), std::move(socket))->run();
    if (!error || error == asio::error::connection_aborted) return accept();
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const error_code& waited) {
        if (!waited && !self->isStopped_) self->accept();
    });
}

void HttpListener::Impl::stop() {
    if (isStopped_) return;
    isStopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (Exchange* exchange : exchanges_) exchange->close();
}

HttpListener::HttpListener(AsioLoop& loop, HttpOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {}

HttpListener::~HttpListener() {
    stop();
}

Result<void> HttpListener::start() {
    return impl_->start();
}
std::uint16_t HttpListener::port() const noexcept {
    return impl_->port();
}
std::size_t HttpListener::connections() const noexcept {
    return impl_->connections();
}
void HttpListener::stop() {
    impl_->stop();
}

}  // namespace muster::http
