#pragma once

#include <muster/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

/// The few cryptographic primitives that authentication needs, over OpenSSL. Thread-safe.
namespace muster::digest {

/// MD5 in lower-case hex: what pomelo clients send instead of a password. Never a protection by
/// itself.
std::string md5Hex(std::string_view text);
/// SHA-256 as 32 raw bytes.
std::string sha256(std::string_view text);
/// `bytes` random bytes from the system's generator, in lower-case hex. Failed if there are none.
Result<std::string> randomHex(std::size_t bytes);
/// Compares in a time that depends on neither content nor the place of the first difference.
bool isEqualSecret(std::string_view a, std::string_view b);

}  // namespace muster::digest
