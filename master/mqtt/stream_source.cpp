#include "master/mqtt/stream_source.hpp"

#include "common/log.hpp"
#include "master/mqtt/tls_stream.hpp"

#include <utility>

namespace muster::mqtt {

StreamSource::StreamSource(std::optional<TlsFiles> tls, std::optional<WebSocketOptions> webSocket)
    : files_(std::move(tls)) {
    if (webSocket) webSockets_ = std::make_unique<WebSockets>(std::move(*webSocket), scratch_);
}

Result<void> StreamSource::load() {
    if (!files_) return {};
    TlsLoad loaded = TlsContext::load(*files_);
    if (loaded.fault) return Error(Errc::BadMessage, loaded.fault->text);
    if (!loaded.context->warning().empty()) log::warn("broker", "{}", loaded.context->warning());
    tls_ = std::move(loaded.context);
    return {};
}

std::unique_ptr<ByteStream> StreamSource::make() {
    std::unique_ptr<ByteStream> upper = webSockets_ ? webSockets_->make() : nullptr;
    if (!tls_) return upper;
    auto lower = std::make_unique<TlsStream>(*tls_, scratch_);
    if (!upper) return lower;
    return std::make_unique<StackedStream>(std::move(lower), std::move(upper), scratch_);
}

}  // namespace muster::mqtt
