// The null broker on Boost.Asio: what the reactor that muster's master stands on costs by itself.
//
//   muster_null_asio --port P
//
// Until it is killed. Loopback only.
#include "bench/broker/null_router.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace {

using namespace muster::bench;
using boost::asio::ip::tcp;
using boost::system::error_code;

class Client;

struct Shared {
    NullRouter<Client> router;
    std::vector<std::shared_ptr<Client>> dirty;
};

/// Shared between the operations that are under way.
class Client : public std::enable_shared_from_this<Client> {
public:
    Client(tcp::socket socket, Shared& shared) : socket_(std::move(socket)), shared_(shared) {
        socket_.set_option(tcp::no_delay(true));
    }
    ~Client() { shared_.router.forget(*this); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void read() {
        if (size_ == input_.size()) input_.resize(input_.size() * 2);
        socket_.async_read_some(
            boost::asio::buffer(input_.data() + size_, input_.size() - size_),
            [self = shared_from_this()](const error_code& error, std::size_t count) {
                if (!error) self->received(count);
            });
    }
    void queue(std::string_view bytes) {
        if (!isDirty_) shared_.dirty.push_back(shared_from_this());
        isDirty_ = true;
        out_ += bytes;
    }
    void close() {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    void received(std::size_t count) {
        size_ += count;
        std::string_view bytes(input_.data(), size_);
        while (const auto frame = readFrame(bytes)) {
            shared_.router.handle(*this, *frame);
            bytes.remove_prefix(frame->whole.size());
        }
        std::memmove(input_.data(), bytes.data(), bytes.size());
        size_ = bytes.size();
        for (const auto& client : shared_.dirty) client->flush();
        shared_.dirty.clear();
        read();
    }
    void flush() {
        isDirty_ = false;
        write();
    }
    void write() {
        if (isWriting_ || out_.empty()) return;
        std::swap(out_, wire_);
        out_.clear();
        isWriting_ = true;
        boost::asio::async_write(socket_, boost::asio::buffer(wire_),
                                 [self = shared_from_this()](const error_code& error, std::size_t) {
                                     self->isWriting_ = false;
                                     if (!error) self->write();
                                 });
    }

    tcp::socket socket_;
    Shared& shared_;
    std::vector<char> input_ = std::vector<char>(16 * 1024);
    std::size_t size_ = 0;  // of what is in input_
    std::string out_, wire_;
    bool isDirty_ = false;
    bool isWriting_ = false;
};

void accept(tcp::acceptor& acceptor, Shared& shared) {
    acceptor.async_accept([&](const error_code& error, tcp::socket socket) {
        if (!error) std::make_shared<Client>(std::move(socket), shared)->read();
        accept(acceptor, shared);
    });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("a broker that only forwards, on Boost.Asio");
    std::uint16_t port = 0;
    app.add_option("--port", port, "of 127.0.0.1")->required();
    CLI11_PARSE(app, argc, argv);
    Shared shared;  // before the io_context: its clients die with that
    boost::asio::io_context context(1);
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), port});
    accept(acceptor, shared);
    context.run();
}
