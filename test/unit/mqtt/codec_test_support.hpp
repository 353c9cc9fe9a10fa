#pragma once

#include "master/mqtt/codec.hpp"
#include "test/support/hex.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace muster::mqtt::test {

using muster::test::hex;

inline constexpr Version kVersions[] = {Version::V31, Version::V311, Version::V5};

inline DecodeResult decodeFrom(From from, std::string_view bytes, Version version) {
    return decode(bytes, version, from, DecodeLimits{});
}

/// The packet in `bytes`, which must be one of type P and nothing else.
template <class P>
P decoded(std::string_view bytes, Version version, From from = From::Client) {
    const DecodeResult result = decodeFrom(from, bytes, version);
    const auto* whole = std::get_if<Decoded>(&result);
    if (whole == nullptr) {
        const auto* error = std::get_if<DecodeError>(&result);
        ADD_FAILURE() << "not decoded: " << (error ? error->detail : "needs more bytes");
        return {};
    }
    EXPECT_EQ(whole->size, bytes.size());
    EXPECT_TRUE(std::holds_alternative<P>(whole->packet));
    return std::holds_alternative<P>(whole->packet) ? std::get<P>(whole->packet) : P{};
}

/// The reason code that decoding ends with; 0 for a packet, 0xFF when more bytes are needed.
inline int codeOf(std::string_view bytes, Version version, From from = From::Client,
                  const DecodeLimits& limits = {}) {
    const DecodeResult result = decode(bytes, version, from, limits);
    if (const auto* error = std::get_if<DecodeError>(&result)) return static_cast<int>(error->code);
    return std::holds_alternative<NeedMore>(result) ? 0xFF : 0;
}

inline constexpr int kOk = 0;
inline constexpr int kNeedMore = 0xFF;
inline constexpr int kMalformed = 0x81;
inline constexpr int kProtocolError = 0x82;
inline constexpr int kUnsupportedVersion = 0x84;
inline constexpr int kTopicAliasInvalid = 0x94;
inline constexpr int kTooLarge = 0x95;

inline std::string encoded(const Packet& packet, Version version) {
    std::string out;
    encode(packet, version, out);
    return out;
}

/// A packet of `first` byte and `body`, with the right Remaining Length.
inline std::string framed(unsigned first, std::string_view body) {
    std::string out(1, static_cast<char>(first));
    std::size_t left = body.size();
    do {
        out.push_back(static_cast<char>((left & 0x7F) | (left > 0x7F ? 0x80U : 0U)));
        left >>= 7;
    } while (left > 0);
    return out.append(body);
}

}  // namespace muster::mqtt::test
