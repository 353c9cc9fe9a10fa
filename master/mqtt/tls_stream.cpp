#include "master/mqtt/tls_stream.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace muster::mqtt {

namespace {

constexpr std::size_t kRecord = 16u << 10;  // plain bytes of one TLS record (RFC 8446, 5.1)
constexpr std::size_t kMostPieces = 64;
constexpr int kMostNames = 100;  // alternative names that are kept

/// Text of a certificate; empty if it is none, or would read differently as a C string.
std::string textOf(const ASN1_STRING* value) {
    unsigned char* text = nullptr;
    const int size = value == nullptr ? -1 : ASN1_STRING_to_UTF8(&text, value);
    if (size < 0) return {};
    std::string result(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return result.find('\0') == std::string::npos ? result : std::string();
}

/// Two common names would be two answers to one question: then there is none.
std::string commonNameOf(const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return {};
    return textOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
}

std::vector<std::string> alternativeNamesOf(const X509* certificate) {
    std::vector<std::string> names;
    auto* list = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < std::min(sk_GENERAL_NAME_num(list), kMostNames); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
        const auto add = [&](const char* kind, const ASN1_STRING* value) {
            if (std::string text = textOf(value); !text.empty()) names.push_back(kind + text);
        };
        if (name->type == GEN_DNS) add("DNS:", name->d.dNSName);
        if (name->type == GEN_URI) add("URI:", name->d.uniformResourceIdentifier);
        if (name->type == GEN_EMAIL) add("email:", name->d.rfc822Name);
    }
    GENERAL_NAMES_free(list);
    return names;
}

/// Null: the client showed none. One that is there was verified, or there would be no handshake.
std::unique_ptr<ClientCertificate> certificateOf(const SSL* ssl) {
    const X509* certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return nullptr;
    auto shown = std::make_unique<ClientCertificate>();
    shown->commonName = commonNameOf(certificate);
    shown->alternativeNames = alternativeNamesOf(certificate);
    return shown;
}

}  // namespace

void TlsStream::Free::operator()(ssl_st* ssl) const noexcept {
    SSL_free(ssl);
}

const bio_method_st* TlsStream::method() {
    static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> kMethod = [] {
        std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "muster"), &BIO_meth_free);
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read(made.get(), &TlsStream::readRaw);
        BIO_meth_set_write(made.get(), &TlsStream::writeRaw);
        BIO_meth_set_ctrl(made.get(), &TlsStream::control);
        return made;
    }();
    return kMethod.get();
}

int TlsStream::readRaw(bio_st* bio, char* data, int size) {
    auto& raw = static_cast<TlsStream*>(BIO_get_data(bio))->raw_;
    BIO_clear_retry_flags(bio);
    if (raw.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t count = std::min(raw.size(), static_cast<std::size_t>(size));
    std::memcpy(data, raw.data(), count);
    raw.remove_prefix(count);
    return static_cast<int>(count);
}

int TlsStream::writeRaw(bio_st* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    static_cast<TlsStream*>(BIO_get_data(bio))
        ->output()
        .append({data, static_cast<std::size_t>(size)});
    return size;
}

long TlsStream::control(bio_st*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

TlsStream::TlsStream(const TlsContext& context, StreamScratch& scratch)
    : scratch_(scratch), ssl_(SSL_new(context.get())) {
    BIO* bio = BIO_new(method());
    if (!ssl_ || bio == nullptr) {
        BIO_free(bio);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // which owns it from here
    SSL_set_accept_state(ssl_.get());
}

TlsStream::~TlsStream() = default;

void TlsStream::decode(std::string_view raw, std::string& plain) {
    if (isOver()) return;
    ERR_clear_error();  // what others left there would be taken for ours
    raw_ = raw;
    if (state() == State::Opening) handshake();
    if (state() == State::Open) readAll(plain);
    raw_ = {};
}

void TlsStream::handshake() {
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) return stopped(result, "TLS handshake");
    certificate_ = certificateOf(ssl_.get());
    opened();
}

void TlsStream::readAll(std::string& plain) {
    if (scratch_.input.size() < kRecord) scratch_.input.resize(kRecord);
    while (true) {
        const int size = SSL_read(ssl_.get(), scratch_.input.data(), static_cast<int>(kRecord));
        if (size <= 0) return stopped(size, "TLS");
        plain.append(scratch_.input.data(), static_cast<std::size_t>(size));
    }
}

std::string TlsStream::whyStopped() const {
    const unsigned long code = ERR_peek_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    std::string why = text == nullptr ? "failed" : text;
    const int reason = ERR_GET_REASON(code);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        why.append(": ").append(X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get())));
    if (reason == SSL_R_WRONG_VERSION_NUMBER) why += ": is this a client without TLS?";
    return why;
}

// Nothing went on: for want of bytes, or for good.
void TlsStream::stopped(int result, std::string_view during) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_ZERO_RETURN) return end(State::Ended, "the client ended TLS");
    std::string why = std::string(during) + ": " + whyStopped();
    ERR_clear_error();
    end(State::Failed, std::move(why));
}

void TlsStream::encode(OutputQueue& plain) {
    while (state() == State::Open && !isFinished_ && !plain.empty() &&
           output().bytes() < kMostOutput) {
        plain.peek(scratch_.pieces, kMostPieces);
        std::size_t used = 0;
        for (const std::string_view piece : scratch_.pieces) {
            if (output().bytes() >= kMostOutput) break;
            const std::size_t size = std::min(piece.size(), kMostOutput);
            ERR_clear_error();
            const int result = SSL_write(ssl_.get(), piece.data(), static_cast<int>(size));
            if (result <= 0) return stopped(result, "TLS");
            used += static_cast<std::size_t>(result);
            if (size < piece.size()) break;
        }
        plain.consume(used);
    }
}

// Also in answer to the client's: else it takes our end for a cut (RFC 8446, 6.1).
void TlsStream::finish() {
    const bool canSay = state() == State::Open || state() == State::Ended;
    if (!canSay || std::exchange(isFinished_, true)) return;
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());  // its close_notify is in output(); the client's is not awaited
}

}  // namespace muster::mqtt
