#include "examples/chat/gate.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <cctype>

namespace chat {
namespace {

std::string typeOf(const std::string& path) {
    if (path == "/app.js") return "text/javascript; charset=utf-8";
    if (path == "/style.css") return "text/css; charset=utf-8";
    if (path == "/icon.svg") return "image/svg+xml";
    return "text/html; charset=utf-8";
}

}  // namespace

std::string hostName(const std::string& header) {
    if (header.size() > 255) return {};
    const bool isBracketed = !header.empty() && header.front() == '[';
    const std::size_t end = isBracketed ? header.find(']') : header.find(':');
    if (isBracketed && end == std::string::npos) return {};
    const std::string name = header.substr(0, isBracketed ? end + 1 : end);
    const bool isSafe = std::all_of(name.begin(), name.end(), [isBracketed](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' ||
               (isBracketed && (c == ':' || c == '[' || c == ']'));
    });
    return isSafe ? name : std::string();
}

/// A connector on this host is reached by the name that the browser knows this host by.
std::string Gate::addressOf(const Peer& peer, const std::string& browserHost) const {
    const bool isLocal = peer.host == "127.0.0.1" || peer.host == "::1" || peer.host == "localhost";
    const std::string host = isLocal && !browserHost.empty() ? browserHost : peer.host;
    return "ws://" + host + ":" + std::to_string(peer.clientPort) + "/";
}

HttpResponse Gate::connector(const std::string& browserHost) {
    if (connectors_.empty()) {
        return {503, "application/json", "", muster::jsonText({{"error", "no connector is up"}})};
    }
    const Peer& chosen = connectors_[next_++ % connectors_.size()];
    return {200, "application/json", "",
            muster::jsonText({{"id", chosen.id}, {"url", addressOf(chosen, browserHost)}})};
}

HttpResponse Gate::answer(const HttpRequest& request) {
    const std::string browserHost = hostName(request.host);
    if (request.path == "/connector") return connector(browserHost);
    const auto file = files_.find(request.path);
    if (file == files_.end()) return {404, "text/plain; charset=utf-8", "", "nothing here\n"};
    // The page may run its own script and talk to this gate and to the cluster's connectors only.
    // It may learn of connectors later, so their port is left open on this host.
    std::string policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; connect-src 'self'";
    if (!browserHost.empty()) policy += " ws://" + browserHost + ":*";
    for (const Peer& peer : connectors_) {
        if (!hostName(peer.host).empty()) policy += " " + addressOf(peer, {});
    }
    return {200, typeOf(request.path), policy, file->second};
}

}  // namespace chat
