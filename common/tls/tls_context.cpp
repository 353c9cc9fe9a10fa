#include "common/tls/tls_context.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster {
namespace {

using File = TlsFault::File;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr std::size_t kMaxKey = 1u << 20;  // bytes of a key file

TlsFault fault(File file, const std::string& path, std::string_view text) {
    return {file, path + ": " + std::string(text)};
}

std::string reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "not understood" : text;
}

/// Why the file cannot be read; no value: it can.
std::optional<TlsFault> unreadable(File file, const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0)
        return fault(file, path,
                     std::string(std::strerror(errno)) + ": correct the path or its mode");
    if (!S_ISREG(status.st_mode)) return fault(file, path, "is no plain file: name a PEM file");
    return std::nullopt;
}

/// The rule of PostgreSQL: a key of root's may be lent to a group (Debian has ssl-cert for that).
bool isPrivate(const struct stat& status) {
    const mode_t forbidden = status.st_uid == 0 ? 037U : 077U;
    return (status.st_mode & forbidden) == 0;
}

/// What the file holds, after its mode was found good: of the same open file, so that nobody can
/// exchange it between the two.
std::optional<TlsFault> readKey(const std::string& path, std::string& text) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return fault(File::Key, path, std::strerror(errno));
    struct stat status {};
    std::optional<TlsFault> found;
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        found = fault(File::Key, path, "is no plain file: name a PEM file");
    } else if (!isPrivate(status)) {
        found = fault(File::Key, path,
                      "others may read this private key: take it away from them (chmod 600), and "
                      "think of making a new one, since it may have leaked");
    } else {
        text.resize(kMaxKey);
        const ssize_t size = ::read(descriptor, text.data(), text.size());
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    ::close(descriptor);
    return found;
}

/// Nobody is there to type it in.
int noPassphrase(char*, int, int, void*) {
    return 0;
}

std::optional<TlsFault> useKey(SSL_CTX* context, const TlsFiles& files) {
    std::string text;
    if (auto found = readKey(files.key, text)) return found;
    const std::unique_ptr<BIO, decltype(&BIO_free)> source(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
    const Key key(PEM_read_bio_PrivateKey(source.get(), nullptr, &noPassphrase, nullptr),
                  &EVP_PKEY_free);
    const bool isLocked = text.find("ENCRYPTED") != std::string::npos;
    std::memset(text.data(), 0, text.size());
    if (!key && isLocked)
        return fault(File::Key, files.key,
                     "is locked with a passphrase, which nobody can type in here: give it without "
                     "one, in a file that only muster's user may read");
    if (!key) return fault(File::Key, files.key, "holds no private key in PEM form: " + reason());
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
        return fault(File::Key, files.key,
                     "does not belong to the certificate in " + files.certificate + " (" +
                         reason() + "): give the two that were made together");
    return std::nullopt;
}

std::optional<TlsFault> useClientCa(SSL_CTX* context, const TlsFiles& files) {
    if (auto found = unreadable(File::ClientCa, files.clientCa)) return found;
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.clientCa.c_str());
    if (names == nullptr || SSL_CTX_load_verify_file(context, files.clientCa.c_str()) != 1)
        return fault(File::ClientCa, files.clientCa,
                     "holds no certificate in PEM form: " + reason());
    SSL_CTX_set_client_CA_list(context, names);
    // A session that is resumed shows its old certificate, which nobody judges again: with tickets
    // one that has expired would be good as long as its owner comes back every two hours.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | (files.needsClientCertificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
    return std::nullopt;
}

std::string warningOf(const X509* certificate, const std::string& path) {
    if (certificate == nullptr) return {};
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        return path + ": the certificate has expired, clients will refuse it: renew it";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return path + ": the certificate is not valid yet: look at this host's clock";
    return {};
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}

TlsLoad TlsContext::load(const TlsFiles& files) {
    const std::shared_ptr<TlsContext> made(new TlsContext);  // its constructor is its own
    if (auto found = made->read(files)) return {nullptr, std::move(found)};
    return {made, std::nullopt};
}

std::optional<TlsFault> TlsContext::read(const TlsFiles& files) {
    ERR_clear_error();
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* context = context_.get();
    if (context == nullptr) return fault(File::Certificate, files.certificate, reason());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds none
    // Sessions are kept by clients, in tickets whose keys end with this context: nobody resumes
    // under rules that are no longer in force.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    constexpr std::string_view kName = "muster";
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kName.data()),
                                   kName.size());
    if (auto found = unreadable(File::Certificate, files.certificate)) return found;
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        return fault(File::Certificate, files.certificate,
                     "holds no certificate in PEM form: " + reason());
    if (auto found = useKey(context, files)) return found;
    warning_ = warningOf(SSL_CTX_get0_certificate(context), files.certificate);
    if (files.clientCa.empty()) return std::nullopt;
    return useClientCa(context, files);
}

}  // namespace muster
