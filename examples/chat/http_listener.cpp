#include "examples/chat/http_listener.hpp"

#include "examples/chat/line_link.hpp"

#include <chrono>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace chat {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;
using Answer = std::function<HttpResponse(const HttpRequest&)>;

constexpr std::size_t kMaxHeader = 8 * 1024;
constexpr std::chrono::seconds kPatience{30};

/// One connection. Shared between its pending operations alone.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(tcp::socket socket, Answer answer)
        : stream_(std::move(socket)), answer_(std::move(answer)) {}

    void read() {
        parser_.emplace();
        parser_->header_limit(kMaxHeader);
        parser_->body_limit(0);
        stream_.expires_after(kPatience);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](error_code error, std::size_t) {
                             if (error) return self->close();
                             self->write();
                         });
    }

private:
    void write() {
        const auto& request = parser_->get();
        const bool isGet = request.method() == http::verb::get;
        std::string path(request.target());
        path = path.substr(0, path.find('?'));
        HttpResponse answer;
        if (isGet) {
            answer = answer_({path, std::string(request[http::field::host])});
        } else {
            answer = {405, "text/plain; charset=utf-8", "", "only GET\n"};
        }
        response_ = {static_cast<http::status>(answer.status), request.version()};
        response_.set(http::field::content_type, answer.type);
        response_.set("Content-Security-Policy",
                      answer.policy.empty() ? "default-src 'none'" : answer.policy);
        response_.set("X-Content-Type-Options", "nosniff");
        response_.set("Referrer-Policy", "no-referrer");
        response_.set(http::field::cache_control, "no-store");
        response_.keep_alive(isGet && request.keep_alive());
        response_.body() = std::move(answer.body);
        response_.prepare_payload();
        http::async_write(stream_, response_,
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error || !self->response_.keep_alive()) return self->close();
                              self->read();
                          });
    }

    void close() {
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }

    beast::tcp_stream stream_;
    Answer answer_;
    beast::flat_buffer buffer_{kMaxHeader};
    std::optional<http::request_parser<http::empty_body>> parser_;
    http::response<http::string_body> response_;
};

}  // namespace

class HttpListener::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(asio::io_context& context, const std::string& host, int port, Handler handler)
        : handler_(std::move(handler)), acceptor_(context, host, port, [this](tcp::socket socket) {
              std::make_shared<Session>(std::move(socket), answerOf(weak_from_this()))->read();
          }) {}

private:
    static Answer answerOf(std::weak_ptr<Impl> listener) {
        return [listener](const HttpRequest& request) {
            const auto alive = listener.lock();
            return alive ? alive->handler_(request)
                         : HttpResponse{503, "text/plain", "", "closing\n"};
        };
    }

    Handler handler_;
    Acceptor acceptor_;
};

HttpListener::HttpListener(asio::io_context& context, const std::string& host, int port,
                           Handler handler)
    : impl_(std::make_shared<Impl>(context, host, port, std::move(handler))) {}
HttpListener::~HttpListener() = default;

}  // namespace chat
