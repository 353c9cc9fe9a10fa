#pragma once

#include "master/mqtt/codec.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::test {

/// What a broker promised and did not keep.
class Violations {
public:
    /// Prints the first few at once.
    void add(const std::string& what);
    std::size_t count() const noexcept { return count_; }

private:
    std::size_t count_ = 0;
};

/// A correct MQTT client with a persistent session on a socket that never blocks; its owner polls
/// it. It comes back by itself, and notices when the broker has forgotten its session.
class LoadClient {
public:
    struct Options {
        std::string id;
        mqtt::Version version = mqtt::Version::V5;
        bool isPersistent = true;
    };
    LoadClient(Options options, std::uint16_t port, Violations& violations);
    virtual ~LoadClient();
    LoadClient(const LoadClient&) = delete;
    LoadClient& operator=(const LoadClient&) = delete;

    /// Connects if it is to be online, then does what there is to do.
    void step();
    /// -1: none.
    int socket() const noexcept { return fd_; }
    /// CONNACK came.
    bool isUp() const noexcept { return isUp_; }
    void setOnline(bool isOnline);
    const std::string& id() const noexcept { return options_.id; }

protected:
    void send(const mqtt::Packet& packet);
    /// From now on the session must survive.
    void sessionIsPromised() { isSessionPromised_ = true; }
    void violation(const std::string& what) { violations_.add(options_.id + ": " + what); }

    /// The session is there (again).
    virtual void onUp() = 0;
    virtual void onPacket(const mqtt::Packet& packet) = 0;
    /// While it is up.
    virtual void work() {}

private:
    void connect();
    void lost();
    void read();
    void take(const mqtt::Packet& packet);
    void flush();

    Options options_;
    std::uint16_t port_;
    Violations& violations_;
    int fd_ = -1;
    bool isOnline_ = true;
    bool isUp_ = false;
    bool isSessionPromised_ = false;
    std::string in_, out_;
};

}  // namespace muster::test
