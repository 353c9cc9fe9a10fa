#pragma once

#include "test/support/certificates.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {

/// A TLS connection to 127.0.0.1 that sends and receives bytes as a test says. It trusts the
/// authority of `certificates` alone.
class TlsClient {
public:
    struct Options {
        std::string certificate;  // name of its own; empty: it shows none
        int most = TLS1_3_VERSION;
        int least = 0;
        std::shared_ptr<SSL_SESSION> session = nullptr;  // of an earlier one, to be resumed
    };

    TlsClient(std::uint16_t port, const Certificates& certificates, Options options)
        : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
          ssl_(nullptr, &SSL_free),
          fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        SSL_CTX_load_verify_file(context_.get(), certificates.pem("ca").c_str());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");  // old versions need it
        SSL_CTX_set_min_proto_version(context_.get(), options.least);
        SSL_CTX_set_max_proto_version(context_.get(), options.most);
        if (!options.certificate.empty()) {
            SSL_CTX_use_certificate_chain_file(context_.get(),
                                               certificates.pem(options.certificate).c_str());
            SSL_CTX_use_PrivateKey_file(
                context_.get(), certificates.key(options.certificate).c_str(), SSL_FILETYPE_PEM);
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), fd_);
        if (options.session) SSL_set_session(ssl_.get(), options.session.get());
        isConnected_ = SSL_connect(ssl_.get()) == 1;
        ERR_clear_error();
    }
    TlsClient(std::uint16_t port, const Certificates& certificates)
        : TlsClient(port, certificates, Options()) {}
    ~TlsClient() {
        ssl_.reset();
        ::close(fd_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    /// Whether the client's side of the handshake was done. With TLS 1.3 a server that refuses the
    /// client's certificate says so afterwards.
    bool isConnected() const { return isConnected_; }
    std::string version() const { return SSL_get_version(ssl_.get()); }
    /// What a later connection may resume; with TLS 1.3 it comes with what is received.
    std::shared_ptr<SSL_SESSION> session() const {
        return {SSL_get1_session(ssl_.get()), &SSL_SESSION_free};
    }
    bool isResumed() const { return SSL_session_reused(ssl_.get()) == 1; }
    /// The common name in the server's certificate.
    std::string server() const {
        char name[256] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl_.get())),
                                  NID_commonName, name, sizeof name);
        return name;
    }
    bool send(std::string_view bytes) {
        ERR_clear_error();
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
               static_cast<int>(bytes.size());
    }
    /// What comes until `size` bytes are there, the other side closes, or the time is over.
    std::string receive(std::size_t size, std::chrono::milliseconds within) {
        const auto end = std::chrono::steady_clock::now() + within;
        std::string result;
        while (result.size() < size && waitForInput(end)) {
            char buffer[4096];
            ERR_clear_error();
            const int count =
                SSL_read(ssl_.get(), buffer,
                         static_cast<int>(std::min(sizeof buffer, size - result.size())));
            if (count <= 0) {
                hasGoodbye_ = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
                isClosed_ = true;
                break;
            }
            result.append(buffer, static_cast<std::size_t>(count));
        }
        return result;
    }
    bool isClosedWithin(std::chrono::milliseconds time) {
        receive(SIZE_MAX, time);
        return isClosed_;
    }
    /// Whether the end was TLS's own (close_notify), not a cut.
    bool hasGoodbye() const { return hasGoodbye_; }
    /// Sends TLS's goodbye, and stays to listen.
    void sayGoodbye() { SSL_shutdown(ssl_.get()); }

private:
    bool waitForInput(std::chrono::steady_clock::time_point end) const {
        if (SSL_pending(ssl_.get()) > 0) return true;
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd entry{fd_, POLLIN, 0};
        return left.count() > 0 && ::poll(&entry, 1, static_cast<int>(left.count())) > 0;
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    int fd_;
    bool isConnected_ = false;
    bool isClosed_ = false;
    bool hasGoodbye_ = false;
};

}  // namespace muster::test
