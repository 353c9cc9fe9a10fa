#include "master/mqtt/web_socket_request.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

namespace muster::mqtt {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

constexpr std::size_t kMaxRequest = 8u << 10;  // bytes of an opening request
constexpr std::size_t kInput = 16u << 10;      // one read of Beast's; shared
constexpr std::size_t kMostPieces = 64;

/// Beast's next layer: reads take what decode() was given, writes go to the stream's output, which
/// takes everything at once.
class MemoryWire {
public:
    using executor_type = asio::io_context::executor_type;

    MemoryWire(asio::io_context& context, OutputQueue& output)
        : context_(&context), output_(&output) {}

    executor_type get_executor() noexcept { return context_->get_executor(); }

    /// Good until Beast has read it all.
    void feed(std::string_view raw) {
        raw_ = raw;
        if (reader_ && !raw_.empty()) std::exchange(reader_, nullptr)->read(*this);
    }
    void drop() { raw_ = {}; }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        auto reader = std::make_unique<ReaderOf<Buffers, std::decay_t<Handler>>>(
            buffers, std::forward<Handler>(handler));
        if (raw_.empty())
            reader_ = std::move(reader);
        else
            reader->read(*this);
    }
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        error_code error;
        const std::size_t size = write_some(buffers, error);
        complete(std::forward<Handler>(handler), error, size);
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, error_code& error) {
        error = {};
        for (const asio::const_buffer buffer : beast::buffers_range_ref(buffers))
            output_->append({static_cast<const char*>(buffer.data()), buffer.size()});
        return asio::buffer_size(buffers);
    }
    // Beast's concept of a stream has these; nothing here reads or writes in that way.
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers) {
        error_code error;
        return write_some(buffers, error);
    }
    template <class Buffers>
    std::size_t read_some(const Buffers&, error_code& error) {
        error = asio::error::would_block;
        return 0;
    }
    template <class Buffers>
    std::size_t read_some(const Buffers&) {
        throw boost::system::system_error(asio::error::would_block);
    }

    template <class Handler, class... Arguments>
    void complete(Handler&& handler, Arguments... arguments) {
        asio::post(*context_, beast::bind_handler(std::forward<Handler>(handler), arguments...));
    }

private:
    struct Reader {
        virtual ~Reader() = default;
        virtual void read(MemoryWire& wire) = 0;
    };
    template <class Buffers, class Handler>
    struct ReaderOf final : Reader {
        ReaderOf(const Buffers& where, Handler then) : buffers(where), handler(std::move(then)) {}
        void read(MemoryWire& wire) override {
            const std::size_t size = asio::buffer_copy(buffers, asio::buffer(wire.raw_));
            wire.raw_.remove_prefix(size);
            wire.complete(std::move(handler), error_code(), size);
        }
        Buffers buffers;
        Handler handler;
    };

    asio::io_context* context_;
    OutputQueue* output_;
    std::string_view raw_;
    std::unique_ptr<Reader> reader_;  // a read that waits for bytes
};

// Beast ends its next layer with these; the socket is the peer's to end.
void beast_close_socket(MemoryWire&) {}
template <class Handler>
void async_teardown(beast::role_type, MemoryWire& wire, Handler&& handler) {
    wire.complete(std::forward<Handler>(handler), error_code());
}

std::string refusal(const WebSocketVerdict& verdict) {
    http::response<http::string_body> response(static_cast<http::status>(verdict.status), 11);
    response.set(http::field::server, "muster");
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.set(http::field::connection, "close");
    constexpr unsigned kUpgradeRequired = 426;
    if (verdict.status == kUpgradeRequired) {
        response.set(http::field::connection, "close, upgrade");
        response.set(http::field::upgrade, "websocket");
        response.set(http::field::sec_websocket_version, "13");
    }
    response.body() = verdict.why + "\n";
    response.prepare_payload();
    std::ostringstream text;
    text << response;
    return text.str();
}

std::string joined(const http::fields& fields, http::field name) {
    std::string all;
    const auto range = fields.equal_range(name);
    for (auto field = range.first; field != range.second; ++field)
        all.append(all.empty() ? "" : ",").append(field->value());
    return all;
}

}  // namespace

/// What the streams of a listener share. Beast's operations end by way of `context`, which each
/// call into a stream runs until there is nothing left to do: so nothing is ever under way between
/// two calls, and no thread but the caller's is needed.
struct WebSockets::Shared {
    WebSocketOptions options;
    StreamScratch& scratch;
    asio::io_context context{1};
};

class WebSockets::Stream final : public BasicStream {
public:
    explicit Stream(Shared& shared) : shared_(shared) {}

    void decode(std::string_view raw, std::string& plain) override;
    void encode(OutputQueue& plain) override;
    void finish() override;

private:
    using Request = http::request_parser<http::empty_body>;

    std::string_view readRequest(std::string_view raw);
    void answer(std::string_view head);
    void accept(const http::request<http::empty_body>& request, const std::string& protocol);
    void refuse(unsigned status, std::string why);
    void read();
    void onRead(const error_code& error, std::size_t size);
    void close(websocket::close_code code);
    void run();

    Shared& shared_;
    std::string request_;           // until it is whole
    std::string* plain_ = nullptr;  // of the decode() that runs
    bool isFinished_ = false;
    // Last, since its end lets go of handlers that point here. MQTT is not worth compressing twice.
    std::optional<websocket::stream<MemoryWire, false>> socket_;
};

void WebSockets::Stream::decode(std::string_view raw, std::string& plain) {
    if (!socket_ && !isOver() && !raw.empty()) raw = readRequest(raw);
    if (isOver() || isFinished_ || raw.empty()) return;
    plain_ = &plain;
    socket_->next_layer().feed(raw);
    run();
    socket_->next_layer().drop();
    plain_ = nullptr;
}

void WebSockets::Stream::run() {
    shared_.context.restart();
    shared_.context.poll();
}

// What follows the request; nothing as long as it is not whole.
std::string_view WebSockets::Stream::readRequest(std::string_view raw) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    // Every method of HTTP begins so; MQTT and TLS, at the wrong port, do not.
    if (request_.empty() && (raw.front() < 'A' || raw.front() > 'Z')) {
        refuse(400, "this is no HTTP request");
        return {};
    }
    const std::size_t before = request_.size();
    const std::size_t room = kMaxRequest - before;
    request_.append(raw.substr(0, room));
    const auto end = request_.find(kEnd, before < kEnd.size() ? 0 : before - kEnd.size());
    if (end == std::string::npos) {
        if (raw.size() >= room) refuse(431, "the request is too long");
        return {};
    }
    const std::string head = std::exchange(request_, {});
    const std::size_t used = end + kEnd.size();
    answer(std::string_view(head).substr(0, used));
    return raw.substr(used - before);
}

void WebSockets::Stream::answer(std::string_view head) {
    Request parser;
    parser.header_limit(kMaxRequest);
    error_code error;
    parser.put(asio::buffer(head), error);
    if (error || !parser.is_header_done()) return refuse(400, "this is no HTTP request");
    const auto& request = parser.get();
    const std::string protocols = joined(request, http::field::sec_websocket_protocol);
    const auto view = [](boost::string_view text) {
        return std::string_view(text.data(), text.size());
    };
    const WebSocketVerdict verdict =
        judge({view(request.target()), view(request[http::field::host]),
               view(request[http::field::origin]), protocols, websocket::is_upgrade(request)},
              shared_.options);
    if (verdict.status != 101) return refuse(verdict.status, verdict.why);
    accept(request, verdict.protocol);
}

void WebSockets::Stream::accept(const http::request<http::empty_body>& request,
                                const std::string& protocol) {
    socket_.emplace(shared_.context, output());
    socket_->set_option(
        websocket::stream_base::decorator([&protocol](websocket::response_type& response) {
            response.set(http::field::server, "muster");
            response.set(http::field::sec_websocket_protocol, protocol);
        }));
    error_code error;
    socket_->accept(request, error);  // writes the answer, also a refusal
    if (error) return end(State::Failed, "WebSocket handshake: " + error.message());
    socket_->set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
    socket_->auto_fragment(false);
    socket_->binary(true);
    socket_->read_message_max(shared_.options.maxMessage);
    if (shared_.scratch.input.size() < kInput) shared_.scratch.input.resize(kInput);
    opened();
    read();
}

void WebSockets::Stream::refuse(unsigned status, std::string why) {
    output().append(refusal({status, "", why}));
    end(State::Failed, "WebSocket handshake: " + std::to_string(status) + ", " + why);
}

// All streams read into the same place: one is filled only while its own decode() runs, and at once
// copied on.
void WebSockets::Stream::read() {
    socket_->async_read_some(
        asio::buffer(shared_.scratch.input.data(), kInput),
        [this](const error_code& error, std::size_t size) { onRead(error, size); });
}

void WebSockets::Stream::onRead(const error_code& error, std::size_t size) {
    if (error == websocket::error::closed) return end(State::Ended, "the client ended WebSocket");
    // Beast has told the client: 1002 or 1007, or 1009 for too large a message.
    if (error) return end(State::Failed, "WebSocket: " + error.message());
    if (isOver() || isFinished_) return;
    if (socket_->got_text()) {  // MQTT 5, 6.0.0-1
        close(websocket::close_code::unknown_data);
        return end(State::Failed, "WebSocket: a text message");
    }
    plain_->append(shared_.scratch.input.data(), size);
    read();
}

// What the client answers is not awaited.
void WebSockets::Stream::close(websocket::close_code code) {
    socket_->async_close(code, [](const error_code&) {});
}

// One message for all that is there.
void WebSockets::Stream::encode(OutputQueue& plain) {
    std::vector<std::string_view>& pieces = shared_.scratch.pieces;
    while (state() == State::Open && !isFinished_ && !plain.empty() &&
           output().bytes() < kMostOutput) {
        plain.peek(pieces, kMostPieces);
        std::vector<asio::const_buffer> buffers;
        std::size_t room = kMostOutput;
        for (const std::string_view piece : pieces) {
            if (room == 0) break;
            const std::size_t size = std::min(piece.size(), room);
            buffers.emplace_back(piece.data(), size);
            room -= size;
        }
        error_code error;
        const std::size_t used = socket_->write(buffers, error);
        if (error) return end(State::Failed, "WebSocket: " + error.message());
        plain.consume(used);
    }
}

void WebSockets::Stream::finish() {
    if (isOver() || std::exchange(isFinished_, true)) return;
    if (state() == State::Opening) {
        if (!request_.empty()) output().append(refusal({408, "", "the request took too long"}));
        return;
    }
    close(websocket::close_code::normal);
    run();
}

WebSockets::WebSockets(WebSocketOptions options, StreamScratch& scratch)
    : shared_(new Shared{std::move(options), scratch}) {}

WebSockets::~WebSockets() = default;

std::unique_ptr<ByteStream> WebSockets::make() {
    return std::make_unique<Stream>(*shared_);
}

}  // namespace muster::mqtt
