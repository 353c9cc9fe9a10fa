#include "master/mqtt/web_socket_request.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace muster::mqtt {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The one of MQTT's sub-protocols that the client would rather have; empty: it offers none.
std::string chosenProtocol(std::string_view offered) {
    while (!offered.empty()) {
        const auto comma = offered.find(',');
        const std::string_view name = trimmed(offered.substr(0, comma));
        if (name == "mqtt" || name == "mqttv3.1") return std::string(name);
        offered.remove_prefix(comma == std::string_view::npos ? offered.size() : comma + 1);
    }
    return {};
}

/// "host:port", "[v6]:port" or either without port: the host in lower case, without brackets.
std::string hostOf(std::string_view authority) {
    std::string_view host = authority.substr(0, authority.find(':'));
    if (authority.starts_with('[')) host = authority.substr(1, authority.find(']') - 1);
    std::string lower(host);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower;
}

bool isAddress(const std::string& host) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// Pages can be made to connect to anything that their browser reaches, also to this host's own
/// ports; what tells them from MQTT clients is the Origin that browsers send (RFC 6455, 10.2).
bool mayComeFrom(const WebSocketRequest& request, const WebSocketOptions& options) {
    if (request.origin.empty()) return true;
    for (const std::string& allowed : options.origins)
        if (allowed == "*" || allowed == request.origin) return true;
    const auto scheme = request.origin.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string page = hostOf(request.origin.substr(scheme + 3));
    if (page.empty() || page != hostOf(request.host)) return false;
    return !options.isLoopback || page == "localhost" || isAddress(page);
}

}  // namespace

WebSocketVerdict judge(const WebSocketRequest& request, const WebSocketOptions& options) {
    if (request.target.substr(0, request.target.find('?')) != options.path)
        return {404, "", "no MQTT here: the path is " + options.path};
    if (!request.isUpgrade) return {426, "", "this is MQTT over WebSocket: ask for an upgrade"};
    if (!mayComeFrom(request, options))
        return {403, "", "pages of this origin may not connect: list it in the listener's origins"};
    std::string protocol = chosenProtocol(request.protocols);
    if (protocol.empty())
        return {400, "", "offer the sub-protocol mqtt or mqttv3.1 (Sec-WebSocket-Protocol)"};
    return {101, std::move(protocol), ""};
}

}  // namespace muster::mqtt
