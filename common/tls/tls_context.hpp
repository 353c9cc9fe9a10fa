#pragma once

#include <memory>
#include <optional>
#include <string>

struct ssl_ctx_st;

namespace muster {

/// PEM files of a TLS server.
struct TlsFiles {
    std::string certificate;  // its own first, then the chain
    std::string key;
    std::string clientCa;  // who may sign clients' certificates; empty: none is asked for
    bool needsClientCertificate = true;  // with a clientCa: who shows none is refused
    bool operator==(const TlsFiles&) const = default;
};

/// What is wrong with one of the files, and how to cure it.
struct TlsFault {
    enum class File { Certificate, Key, ClientCa };
    File file = File::Certificate;
    std::string text;  // begins with the path
};

struct TlsLoad;

/// A TLS server's certificate, key and rules, read once: TLS 1.2 and later, OpenSSL's default
/// ciphers, no renegotiation. Immutable, so that connections of any age may share it.
class TlsContext {
public:
    /// Reads the files. A key that others may read is refused: one of root's may be read by its
    /// group, any other by its owner only.
    static TlsLoad load(const TlsFiles& files);

    /// OpenSSL's SSL_CTX, good as long as this.
    ssl_ctx_st* get() const noexcept { return context_.get(); }
    /// What is legal but will not work, e.g. a certificate that has expired; empty: nothing.
    const std::string& warning() const noexcept { return warning_; }

private:
    struct Free {
        void operator()(ssl_ctx_st* context) const noexcept;
    };
    TlsContext() = default;
    std::optional<TlsFault> read(const TlsFiles& files);

    std::unique_ptr<ssl_ctx_st, Free> context_;
    std::string warning_;
};

/// Exactly one of the two is set.
struct TlsLoad {
    std::shared_ptr<const TlsContext> context;  // shared by a listener and who asks it for one
    std::optional<TlsFault> fault;
};

}  // namespace muster
