#include "test/integration/durability/load_client.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {

using namespace mqtt;

void Violations::add(const std::string& what) {
    constexpr std::size_t kTold = 30;
    if (++count_ <= kTold) std::printf("VIOLATION %s\n", what.c_str());
}

LoadClient::LoadClient(Options options, std::uint16_t port, Violations& violations)
    : options_(std::move(options)), port_(port), violations_(violations) {}

LoadClient::~LoadClient() {
    if (fd_ >= 0) ::close(fd_);
}

void LoadClient::setOnline(bool isOnline) {
    isOnline_ = isOnline;
    if (!isOnline) lost();
}

void LoadClient::lost() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    isUp_ = false;
    in_.clear();
    out_.clear();
}

// On loopback a connect succeeds or fails at once.
void LoadClient::connect() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return lost();
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connect packet;
    packet.version = options_.version;
    packet.clientId = options_.id;
    packet.cleanStart = !options_.isPersistent;
    if (options_.isPersistent && options_.version == Version::V5)
        packet.properties.sessionExpiry = 0xFFFF'FFFF;
    send(packet);
}

void LoadClient::step() {
    if (fd_ < 0 && isOnline_) connect();
    if (fd_ >= 0) flush();
    if (fd_ >= 0) read();
    if (isUp_) work();
}

void LoadClient::send(const Packet& packet) {
    if (fd_ < 0) return;
    encode(packet, options_.version, out_);
    flush();
}

void LoadClient::flush() {
    while (!out_.empty()) {
        const ssize_t count = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) {
            if (errno != EAGAIN) lost();
            return;
        }
        out_.erase(0, static_cast<std::size_t>(count));
    }
}

void LoadClient::read() {
    std::array<char, 65536> buffer;
    ssize_t count = 0;
    while ((count = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0)
        in_.append(buffer.data(), static_cast<std::size_t>(count));
    const bool hasEnded = count == 0 || errno != EAGAIN;
    std::string bytes = std::exchange(in_, {});
    std::size_t used = 0;
    while (fd_ >= 0 && used < bytes.size()) {
        const DecodeResult result =
            decode(std::string_view(bytes).substr(used), options_.version, From::Server, {});
        if (const auto* error = std::get_if<DecodeError>(&result)) {
            violation("sent what is no packet: " + error->detail);
            return lost();
        }
        const auto* decoded = std::get_if<Decoded>(&result);
        if (decoded == nullptr) break;
        used += decoded->size;
        take(decoded->packet);
    }
    if (fd_ < 0) return;
    in_ = bytes.substr(used);
    if (hasEnded) lost();
}

void LoadClient::take(const Packet& packet) {
    if (const auto* connack = std::get_if<Connack>(&packet)) {
        if (connack->code != 0) {
            violation("refused with code " + std::to_string(connack->code));
            return lost();
        }
        if (isSessionPromised_ && !connack->sessionPresent) violation("its session is lost");
        isUp_ = true;
        return onUp();
    }
    onPacket(packet);
}

}  // namespace muster::test
