#pragma once

#include <muster/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace muster {
class AsioLoop;
}

namespace muster::http {

struct Answer {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
};

struct HttpOptions {
    std::string host = "127.0.0.1";             // an address, or "localhost"
    std::uint16_t port = 0;                     // 0: any free one, see HttpListener::port()
    std::size_t maxConnections = 32;            // more are closed at once
    std::size_t maxHeaderBytes = 8u << 10;      // of a request; it may have no body
    std::chrono::milliseconds deadline{5'000};  // for the request, and again for the answer
};

/// Answers GET and HEAD with what a function says of the path; 405 to anything else, 431 to
/// headers that are too long, 400 to what is no HTTP. One request a connection. On the loop's
/// thread; the loop outlives it.
class HttpListener {
public:
    /// `path` is without the query.
    using Handler = std::function<Answer(std::string_view path)>;
    HttpListener(AsioLoop& loop, HttpOptions options, Handler handler);
    /// stop().
    ~HttpListener();
    HttpListener(const HttpListener&) = delete;
    HttpListener& operator=(const HttpListener&) = delete;

    /// Binds and listens. BadMessage if `host` is no address; Failed if the address cannot be had.
    Result<void> start();
    /// The bound port; 0 before start().
    std::uint16_t port() const noexcept;
    std::size_t connections() const noexcept;
    /// Closes the port and all connections. Idempotent.
    void stop();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // shared with the operations that are under way
};

}  // namespace muster::http
