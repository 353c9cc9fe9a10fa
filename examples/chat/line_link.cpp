#include "examples/chat/line_link.hpp"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace chat {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxLine = 256 * 1024;
constexpr std::size_t kMaxQueued = 4 * 1024 * 1024;

}  // namespace

void LineLink::start(Handlers handlers) {
    handlers_ = std::move(handlers);
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    read();
}

void LineLink::read() {
    asio::async_read_until(socket_, asio::dynamic_buffer(input_, kMaxLine), '\n',
                           [self = shared_from_this()](error_code error, std::size_t size) {
                               if (error) return self->fail();
                               const std::string line = self->input_.substr(0, size - 1);
                               self->input_.erase(0, size);
                               if (self->handlers_.onLine) self->handlers_.onLine(line);
                               if (!self->isClosed_) self->read();
                           });
}

void LineLink::send(const std::string& line) {
    if (isClosed_) return;
    if (queuedBytes_ + line.size() > kMaxQueued) {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_both, ignored);  // the pending read then fails
        return;
    }
    queuedBytes_ += line.size() + 1;
    output_.push_back(line + "\n");
    if (output_.size() == 1) write();
}

void LineLink::write() {
    asio::async_write(socket_, asio::buffer(output_.front()),
                      [self = shared_from_this()](error_code error, std::size_t size) {
                          if (error) return self->fail();
                          self->queuedBytes_ -= size;
                          self->output_.pop_front();
                          if (!self->output_.empty()) self->write();
                      });
}

void LineLink::fail() {
    if (isClosed_) return;
    const auto onClosed = handlers_.onClosed;
    close();
    if (onClosed) onClosed();
}

void LineLink::close() {
    isClosed_ = true;
    handlers_ = {};
    error_code ignored;
    socket_.close(ignored);
}

LineClient::LineClient(asio::io_context& context, std::string host, int port, Handlers handlers)
    : context_(context),
      resolver_(context),
      timer_(context),
      host_(std::move(host)),
      port_(std::to_string(port)),
      handlers_(std::move(handlers)) {}

void LineClient::connect() {
    resolver_.async_resolve(
        host_, port_, [self = shared_from_this()](error_code error, auto found) {
            if (self->isClosed_) return;
            if (error) return self->retry();
            auto socket =
                std::make_shared<tcp::socket>(self->context_);  // shared with the operation
            asio::async_connect(*socket, found,
                                [self, socket](error_code failed, const tcp::endpoint&) {
                                    if (self->isClosed_) return;
                                    if (failed) return self->retry();
                                    self->onConnect(std::move(*socket));
                                });
        });
}

void LineClient::onConnect(tcp::socket socket) {
    delay_ = std::chrono::milliseconds(100);
    link_ = std::make_shared<LineLink>(std::move(socket));
    link_->start({[this](const std::string& line) { handlers_.onLine(line); },
                  [self = weak_from_this()] {
                      const auto client = self.lock();
                      if (!client || client->isClosed_) return;
                      client->link_.reset();
                      client->handlers_.onLost();
                      client->retry();
                  }});
    handlers_.onConnected();
}

void LineClient::retry() {
    timer_.expires_after(delay_);
    delay_ = std::min(delay_ * 2, std::chrono::milliseconds(2000));
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (!error && !self->isClosed_) self->connect();
    });
}

void LineClient::send(const std::string& line) {
    if (link_) link_->send(line);
}

void LineClient::close() {
    isClosed_ = true;
    timer_.cancel();
    resolver_.cancel();
    if (link_) link_->close();
    link_.reset();
}

Acceptor::Acceptor(asio::io_context& context, const std::string& host, int port,
                   std::function<void(tcp::socket)> onAccepted)
    : acceptor_(context,
                tcp::endpoint(asio::ip::make_address(host), static_cast<unsigned short>(port))),
      pause_(context),
      onAccepted_(std::move(onAccepted)) {
    accept();
}

void Acceptor::accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error) {
            onAccepted_(std::move(socket));
            return accept();
        }
        // Out of file descriptors, most likely: others must go first.
        pause_.expires_after(std::chrono::milliseconds(200));
        pause_.async_wait([this](error_code aborted) {
            if (!aborted) accept();
        });
    });
}

}  // namespace chat
