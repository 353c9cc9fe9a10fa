#pragma once

#include "bench/broker/packets.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace muster::bench {

class FramedSocket;

/// One epoll and what its sockets share. One thread.
class Reactor {
public:
    Reactor();
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// Waits at most that long and handles what came.
    void poll(int milliseconds);
    void watch(int fd, int operation, unsigned events, void* owner) const;

    std::vector<char> input;  // of the read that is being handled

private:
    int epoll_;
};

/// A TCP connection that carries MQTT packets: the load generator's end of one, or the null
/// broker's. What is put to `out` goes with the next flush(). Outlived by its reactor.
class FramedSocket {
public:
    explicit FramedSocket(Reactor& reactor) : reactor_(reactor) {}
    ~FramedSocket() { close(); }
    FramedSocket(const FramedSocket&) = delete;
    FramedSocket& operator=(const FramedSocket&) = delete;

    /// Connects to 127.0.0.1; onOpen follows. Source addresses rotate over some of 127.0.1.0/24, as
    /// the ports of one address would not do for many connections.
    void connect(std::uint16_t port);
    /// Takes over an accepted one.
    void adopt(int fd);
    void close();
    bool isOpen() const { return fd_ >= 0; }
    /// Writes as much as the socket takes; the rest when it takes more.
    void flush();
    std::size_t pending() const { return out.size() - written_; }
    /// Whether flush() would be in vain until the socket takes more.
    bool isStuck() const { return isWaiting_; }
    /// What epoll said.
    void onReady(unsigned events);

    std::string out;
    std::function<void(FramedSocket&)> onOpen;
    std::function<void(FramedSocket&, const Frame&)> onPacket;
    std::function<void(FramedSocket&)> onEnd;  // the other side ended it
    bool isListener = false;                   // then onOpen is called when somebody comes

private:
    void await(bool alsoWrites);
    void end();
    void read();
    void finishConnect();

    Reactor& reactor_;
    int fd_ = -1;
    bool isConnecting_ = false;
    bool isWaiting_ = false;
    std::size_t written_ = 0;  // of out
    std::string left_;         // the beginning of a packet
};

/// A non-blocking socket that listens on 127.0.0.1. Throws.
int listenOn(std::uint16_t port);
void setNoDelay(int fd);

}  // namespace muster::bench
