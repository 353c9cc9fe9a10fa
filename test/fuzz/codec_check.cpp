#include "test/fuzz/codec_check.hpp"

#include "master/mqtt/codec.hpp"

#include <cstdlib>
#include <string>

namespace muster::test {
namespace {

using namespace mqtt;

void require(bool condition) {
    if (!condition) std::abort();
}

const DecodeLimits kLimits{};
/// For what encode() wrote: it may write an integer longer than it was, never more than this.
const DecodeLimits kWide{4 << 20, 4 << 20, 1 << 20, 4 << 20, 1 << 20};

Version versionOf(const Packet& packet, Version ofConnection) {
    const auto* connect = std::get_if<Connect>(&packet);
    return connect != nullptr ? connect->version : ofConnection;
}

void checkRoundTrip(const Packet& packet, Version version, From from) {
    std::string encoded;
    encode(packet, version, encoded);
    const DecodeResult again = decode(encoded, version, from, kWide);
    const auto* decoded = std::get_if<Decoded>(&again);
    require(decoded != nullptr);
    require(decoded->size == encoded.size());
    require(decoded->packet == packet);
}

}  // namespace

void checkCodec(std::string_view input) {
    if (input.empty()) return;
    const auto choice = static_cast<unsigned char>(input[0]);
    const auto version = static_cast<Version>(3 + choice % 3);
    const auto from = (choice & 0x80) != 0 ? From::Server : From::Client;
    std::string_view bytes = input.substr(1);
    while (!bytes.empty()) {
        const DecodeResult result = decode(bytes, version, from, kLimits);
        const auto* decoded = std::get_if<Decoded>(&result);
        if (decoded == nullptr) return;
        require(decoded->size >= 2 && decoded->size <= bytes.size());
        const DecodeResult exact = decode(bytes.substr(0, decoded->size), version, from, kLimits);
        require(std::holds_alternative<Decoded>(exact));
        require(std::get<Decoded>(exact).packet == decoded->packet);
        require(!std::holds_alternative<Decoded>(
            decode(bytes.substr(0, decoded->size - 1), version, from, kLimits)));
        checkRoundTrip(decoded->packet, versionOf(decoded->packet, version), from);
        bytes.remove_prefix(decoded->size);
    }
}

}  // namespace muster::test
