#include "master/console/digest.hpp"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace muster::digest {
namespace {

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0x0FU];
    }
    return text;
}

std::string digestOf(std::string_view text, const EVP_MD* algorithm) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    // Without the algorithm (a FIPS-only OpenSSL has no MD5) the result is empty and matches
    // nothing.
    if (EVP_Digest(text.data(), text.size(), out.data(), &size, algorithm, nullptr) != 1) return {};
    return {out.begin(), out.begin() + size};
}

}  // namespace

std::string md5Hex(std::string_view text) {
    return hex(digestOf(text, EVP_md5()));
}

std::string sha256(std::string_view text) {
    return digestOf(text, EVP_sha256());
}

Result<std::string> randomHex(std::size_t bytes) {
    std::string raw(bytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1)
        return Error(Errc::Failed, "the system's random generator gave nothing");
    return hex(raw);
}

bool isEqualSecret(std::string_view a, std::string_view b) {
    // Digests have one length, so that the length of the secret does not show either.
    const std::string left = sha256(a);
    const std::string right = sha256(b);
    if (left.empty() || right.size() != left.size()) return false;
    return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace muster::digest
