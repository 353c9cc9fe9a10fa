#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace chat {

struct HttpRequest {
    std::string path;  // of a GET; no query
    std::string host;  // the Host header, as sent
};

struct HttpResponse {
    int status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string policy;  // Content-Security-Policy; empty: allows nothing
    std::string body;
};

/// A small HTTP server that answers GET. All on the io_context's thread.
class HttpListener {
public:
    using Handler = std::function<HttpResponse(const HttpRequest&)>;
    /// Throws if it cannot listen there.
    HttpListener(boost::asio::io_context& context, const std::string& host, int port,
                 Handler handler);
    ~HttpListener();
    HttpListener(const HttpListener&) = delete;
    HttpListener& operator=(const HttpListener&) = delete;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // sessions look for it while they answer
};

}  // namespace chat
