#include "common/wire/envelope.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <stdexcept>

#include <sys/random.h>

namespace muster::wire {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void fillRandom(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        // Without randomness neither tokens nor incarnations mean anything.
        if (got <= 0) throw std::runtime_error("getrandom failed");
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

void appendHex(std::string& out, std::byte value) {
    const auto byte = std::to_integer<unsigned>(value);
    out += kHex[byte >> 4];
    out += kHex[byte & 0xFU];
}

}  // namespace

std::string makeUuid(WallTime now) {
    std::array<std::byte, 16> bytes{};
    fillRandom(std::span(bytes).subspan(6));
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    const auto ms = static_cast<std::uint64_t>(since.count());
    for (unsigned i = 0; i < 6; ++i) bytes[i] = static_cast<std::byte>(ms >> (40 - 8 * i) & 0xFFU);
    bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x70};  // RFC 9562, 5.7: version 7
    bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};  // RFC 9562, 4.1: variant
    std::string uuid;
    uuid.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
        appendHex(uuid, bytes[i]);
    }
    return uuid;
}

std::string makeNonce() {
    std::array<std::byte, 16> bytes{};
    fillRandom(bytes);
    std::string nonce;
    for (const auto byte : bytes) appendHex(nonce, byte);
    return nonce;
}

}  // namespace muster::wire
