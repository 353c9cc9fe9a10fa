#pragma once

#include "common/tls/tls_context.hpp"
#include "master/mqtt/web_socket_stream.hpp"

#include <muster/result.hpp>

#include <memory>
#include <optional>

namespace muster::mqtt {

/// Which streams the connections of a listener get: none (plain TCP), TLS, WebSocket, or WebSocket
/// in TLS. Outlives them. One thread.
class StreamSource {
public:
    StreamSource(std::optional<TlsFiles> tls, std::optional<WebSocketOptions> webSocket);

    /// Reads the TLS files, for the first time or anew: for connections from here on. BadMessage
    /// with the file and the cure; what was read before stays in force then.
    Result<void> load();
    /// A stream for a new connection; null for plain TCP. Precondition: load() has succeeded once.
    std::unique_ptr<ByteStream> make();
    /// Whether load() has something to read.
    bool hasTls() const noexcept { return files_.has_value(); }

private:
    std::optional<TlsFiles> files_;
    StreamScratch scratch_;
    std::shared_ptr<const TlsContext> tls_;  // as TlsContext::load() gives it
    std::unique_ptr<WebSockets> webSockets_;
};

}  // namespace muster::mqtt
