#pragma once

#include "common/tls/tls_context.hpp"
#include "master/mqtt/byte_stream.hpp"

struct bio_method_st;
struct bio_st;
struct ssl_st;

namespace muster::mqtt {

/// The server's end of one TLS connection. OpenSSL reads from the bytes that decode() was given and
/// writes to output() (a BIO of our own), so that neither side keeps a buffer.
class TlsStream final : public BasicStream {
public:
    /// `context` may go before this. Throws bad_alloc.
    TlsStream(const TlsContext& context, StreamScratch& scratch);
    ~TlsStream() override;

    void decode(std::string_view raw, std::string& plain) override;
    void encode(OutputQueue& plain) override;
    void finish() override;
    std::unique_ptr<ClientCertificate> takeCertificate() override {
        return std::move(certificate_);
    }

private:
    struct Free {
        void operator()(ssl_st* ssl) const noexcept;
    };
    static const bio_method_st* method();
    static int readRaw(bio_st* bio, char* data, int size);
    static int writeRaw(bio_st* bio, const char* data, int size);
    static long control(bio_st* bio, int command, long number, void* pointer);

    void handshake();
    void readAll(std::string& plain);
    void stopped(int result, std::string_view during);
    std::string whyStopped() const;

    StreamScratch& scratch_;
    std::unique_ptr<ssl_st, Free> ssl_;
    std::string_view raw_;  // of the decode() that runs
    std::unique_ptr<ClientCertificate> certificate_;
    bool isFinished_ = false;
};

}  // namespace muster::mqtt
