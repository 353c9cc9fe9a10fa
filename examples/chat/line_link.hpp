#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace chat {

/// A TCP connection that carries lines. All on the io_context's thread. Shared between its owner
/// and its pending operations; after close() it calls nobody.
class LineLink : public std::enable_shared_from_this<LineLink> {
public:
    struct Handlers {
        std::function<void(const std::string& line)> onLine;
        std::function<void()> onClosed;  // once, if the peer or the network ended it
    };
    explicit LineLink(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    void start(Handlers handlers);
    /// Queues one line. A peer that lets more than 4 MiB wait is cut off.
    void send(const std::string& line);
    void close();

private:
    void read();
    void write();
    void fail();

    boost::asio::ip::tcp::socket socket_;
    Handlers handlers_;
    std::string input_;
    std::deque<std::string> output_;
    std::size_t queuedBytes_ = 0;
    bool isClosed_ = false;
};

/// Keeps a connection to one address: connects, and again after it was lost, from 100 ms doubling
/// to 2 s, until close().
class LineClient : public std::enable_shared_from_this<LineClient> {
public:
    struct Handlers {
        std::function<void()> onConnected;
        std::function<void(const std::string& line)> onLine;
        std::function<void()> onLost;
    };
    LineClient(boost::asio::io_context& context, std::string host, int port, Handlers handlers);

    void start() { connect(); }
    /// Sends if connected; else the line is lost.
    void send(const std::string& line);
    void close();

private:
    void connect();
    void onConnect(boost::asio::ip::tcp::socket socket);
    void retry();

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::steady_timer timer_;
    std::string host_, port_;
    Handlers handlers_;
    std::shared_ptr<LineLink> link_;  // shared with its pending operations
    std::chrono::milliseconds delay_{100};
    bool isClosed_ = false;
};

/// Accepts connections on an address until it is destroyed. Throws if it cannot listen there.
class Acceptor {
public:
    Acceptor(boost::asio::io_context& context, const std::string& host, int port,
             std::function<void(boost::asio::ip::tcp::socket)> onAccepted);
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

private:
    void accept();

    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::function<void(boost::asio::ip::tcp::socket)> onAccepted_;
};

}  // namespace chat
