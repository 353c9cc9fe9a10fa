#include "master/async/ready_set.hpp"

#include "master/async/asio_loop.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

namespace muster {

class ReadySet::Waiter : public std::enable_shared_from_this<Waiter> {
public:
    Waiter(boost::asio::io_context& context, int epoll, std::function<void()> onReady)
        : descriptor_(context, epoll), onReady_(std::move(onReady)) {}

    int epoll() { return descriptor_.native_handle(); }
    void arm() {
        if (isArmed_) return;
        isArmed_ = true;
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               [self = shared_from_this()](const boost::system::error_code& error) {
                                   self->isArmed_ = false;
                                   if (!error && !self->isClosed_) self->onReady_();
                               });
    }
    void close() {
        isClosed_ = true;
        boost::system::error_code ignored;
        descriptor_.close(ignored);
    }

private:
    boost::asio::posix::stream_descriptor descriptor_;
    std::function<void()> onReady_;
    bool isArmed_ = false;
    bool isClosed_ = false;
};

ReadySet::ReadySet(AsioLoop& loop, std::function<void()> onReady)
    : loop_(loop), onReady_(std::move(onReady)), events_(kMostEvents) {}

ReadySet::~ReadySet() {
    close();
}

bool ReadySet::open() {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return false;
    waiter_ = std::make_shared<Waiter>(loop_.context(), epoll, onReady_);
    waiter_->arm();
    return true;
}

bool ReadySet::add(int fd, void* owner) const {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = owner;
    return ::epoll_ctl(waiter_->epoll(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void ReadySet::remove(int fd) const {
    if (waiter_) (void)::epoll_ctl(waiter_->epoll(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> ReadySet::take() {
    if (!waiter_) return {};
    const int count = ::epoll_wait(waiter_->epoll(), events_.data(), kMostEvents, 0);
    return {events_.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

void ReadySet::arm() {
    if (waiter_) waiter_->arm();
}

void ReadySet::close() {
    if (waiter_) waiter_->close();
    waiter_.reset();
}

}  // namespace muster
