#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace chat {

/// A WebSocket server for browsers. All on the io_context's thread; handlers are called with a name
/// that each connection gets, and never from inside send().
class WsListener {
public:
    struct Handlers {
        std::function<void(const std::string& user)> onConnected;
        std::function<void(const std::string& user, const std::string& text)> onMessage;
        std::function<void(const std::string& user)> onClosed;
    };
    /// Throws if it cannot listen there.
    WsListener(boost::asio::io_context& context, const std::string& host, int port,
               Handlers handlers);
    ~WsListener();
    WsListener(const WsListener&) = delete;
    WsListener& operator=(const WsListener&) = delete;

    /// Queues a text message; a user who lets 500 of them wait, or who says more than 20 a second
    /// for long, is cut off.
    void send(const std::string& user, const std::string& text);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat
