#include "common/config/listeners.hpp"

#include "common/config/draft.hpp"
#include "common/config/take.hpp"

#include <filesystem>

#include <arpa/inet.h>
#include <fmt/core.h>

namespace muster::config {
namespace {

using Kind = JsonValue::Kind;
using Protocol = Listener::Protocol;

constexpr std::pair<std::string_view, Protocol> kProtocols[] = {{"mqtt", Protocol::Mqtt},
                                                                {"mqtts", Protocol::Mqtts},
                                                                {"ws", Protocol::Ws},
                                                                {"wss", Protocol::Wss}};

bool isWebSocket(const Listener& listener) {
    return listener.protocol == Protocol::Ws || listener.protocol == Protocol::Wss;
}
bool isTls(const Listener& listener) {
    return listener.protocol == Protocol::Mqtts || listener.protocol == Protocol::Wss;
}

/// Reads one entry of the list; `pointer` is where it stands.
class ListenerReader {
public:
    ListenerReader(const SourceFile& source, const JsonValue& entry, std::string pointer,
                   Draft& draft)
        : source_(source), entry_(entry), pointer_(std::move(pointer)), draft_(draft) {}

    Listener read() {
        const std::string protocol = word(entry_, "protocol");
        for (const auto& [name, value] : kProtocols)
            if (name == protocol) listener_.protocol = value;
        listener_.pomelo = listener_.protocol == Protocol::Mqtt;
        take(entry_, "host", listener_.host);
        takeInteger(entry_, "port", listener_.port);
        take(entry_, "insecure", listener_.insecure);
        take(entry_, "pomelo", listener_.pomelo);
        take(entry_, "path", listener_.path);
        listener_.origins = texts(entry_.find("origins"));
        checkKeys();
        if (const JsonValue* tls = entry_.find("tls"); tls != nullptr && isTls(listener_))
            readTls(*tls);
        return std::move(listener_);
    }

private:
    void error(const JsonValue& value, const std::string& below, std::string text) {
        draft_.problems.error(source_.at(value, pointer_ + below), std::move(text));
    }

    /// What the protocol has no use for was meant for another one.
    void checkKeys() {
        const std::string_view scheme = schemeOf(listener_.protocol);
        for (const char* key : {"path", "origins"})
            if (const JsonValue* value = entry_.find(key);
                value != nullptr && !isWebSocket(listener_))
                error(*value, std::string("/") + key,
                      fmt::format("{} has no {}: remove it, or make the protocol \"ws\" or \"wss\"",
                                  scheme, key));
        if (const JsonValue* origins = entry_.find("origins"); origins != nullptr)
            checkOrigins(*origins);
        const JsonValue* tls = entry_.find("tls");
        if (tls == nullptr && isTls(listener_))
            error(entry_, "",
                  fmt::format("{} needs tls: add \"tls\": {{\"cert\": …, \"key\": …}}", scheme));
        if (tls != nullptr && !isTls(listener_))
            error(*tls, "/tls",
                  fmt::format("{} is not encrypted: remove this, or make the protocol \"{}s\"",
                              scheme, scheme));
        if (listener_.pomelo && listener_.protocol != Protocol::Mqtt)
            error(*entry_.find("pomelo"), "/pomelo",
                  fmt::format("pomelo's peers speak plain TCP, not {}: remove this, or give them a "
                              "listener of their own",
                              scheme));
        if (isWebSocket(listener_) && !listener_.path.starts_with('/') &&
            entry_.find("path") != nullptr)
            error(*entry_.find("path"), "/path",
                  fmt::format("\"{}\" is no path: begin it with /", listener_.path));
    }

    /// Browsers send scheme, host and port: another text would never be equal to theirs.
    void checkOrigins(const JsonValue& origins) {
        for (const std::string& origin : listener_.origins) {
            const auto scheme = origin.find("://");
            const bool isOrigin = scheme != std::string::npos && scheme > 0 &&
                                  scheme + 3 < origin.size() &&
                                  origin.find('/', scheme + 3) == std::string::npos;
            if (isOrigin || origin == "*" || origin == "null") continue;
            error(origins, "/origins",
                  fmt::format("\"{}\" is no origin: write scheme, host and port as browsers do, "
                              "like \"https://app.example\", without a path",
                              origin));
        }
    }

    std::string fileOf(const JsonValue& tls, const char* key) const {
        const std::string name = word(tls, key);
        if (name.empty()) return {};
        return (std::filesystem::path(draft_.cluster.base) / name).lexically_normal().string();
    }

    void readTls(const JsonValue& tls) {
        if (tls.kind != Kind::Object) return;
        TlsFiles files;
        files.certificate = fileOf(tls, "cert");
        files.key = fileOf(tls, "key");
        files.clientCa = fileOf(tls, "clientCa");
        files.needsClientCertificate = word(tls, "clientCert") != "optional";
        listener_.ca = fileOf(tls, "ca");
        for (const char* key : {"cert", "key"})
            if (tls.find(key) == nullptr)
                error(tls, "/tls", fmt::format("has no {}: add the path of a PEM file", key));
        if (tls.find("clientCert") != nullptr && files.clientCa.empty())
            error(
                *tls.find("clientCert"), "/tls/clientCert",
                "is about certificates that nobody can check: add clientCa, the authority of your "
                "clients");
        if (draft_.opensTlsFiles && !files.certificate.empty() && !files.key.empty())
            checkFiles(tls, files);
        if (std::error_code ignored;
            !listener_.ca.empty() && !std::filesystem::is_regular_file(listener_.ca, ignored))
            error(*tls.find("ca"), "/tls/ca",
                  fmt::format("there is no file {}: correct the path", listener_.ca));
        listener_.tls = std::move(files);
    }

    /// Loads them as the listener will: what passes here works there.
    void checkFiles(const JsonValue& tls, const TlsFiles& files) {
        const TlsLoad loaded = TlsContext::load(files);
        if (loaded.context && !loaded.context->warning().empty())
            draft_.problems.warn(source_.at(*tls.find("cert"), pointer_ + "/tls/cert"),
                                 loaded.context->warning());
        if (!loaded.fault) return;
        const char* key = "cert";
        if (loaded.fault->file == TlsFault::File::Key) key = "key";
        if (loaded.fault->file == TlsFault::File::ClientCa) key = "clientCa";
        error(*tls.find(key), std::string("/tls/") + key, loaded.fault->text);
    }

    const SourceFile& source_;
    const JsonValue& entry_;
    std::string pointer_;
    Draft& draft_;
    Listener listener_;
};

bool isAddress(const std::string& host) {
    in6_addr ignored{};
    return host == "localhost" || ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// Certificates that are required show who a client is as tokens do; a password is asked for, too.
bool isOpen(const Listener& listener, const Cluster& cluster) {
    const bool asksForCertificates =
        listener.tls && !listener.tls->clientCa.empty() && listener.tls->needsClientCertificate;
    return !isLoopback(listener.host) && !cluster.hasServerTokens && !asksForCertificates;
}

void checkListener(Draft& draft, std::size_t index) {
    const Listener& listener = draft.cluster.listeners[index];
    const Place& place = draft.listeners[index];
    if (!isAddress(listener.host))
        return draft.problems.error(
            place, fmt::format("\"{}\" is no address to listen on: give an IPv4 or IPv6 address "
                               "of this host, here or in muster.json's listeners",
                               listener.host));
    if (isOpen(listener, draft.cluster) && !listener.insecure)
        draft.problems.error(
            place,
            fmt::format("listens on {}, beyond this host, but there are no server tokens, so "
                        "anybody could join as a server: add adminServer.json, or say "
                        "\"insecure\": true in muster.json's listeners",
                        listener.host));
}

/// Members and the command line speak MQTT over TCP or TLS.
void checkReachable(Draft& draft) {
    if (!draft.cluster.broker.url.empty()) return;
    for (const Listener& listener : draft.cluster.listeners)
        if (!isWebSocket(listener)) return;
    draft.problems.error(draft.listeners.front(),
                         "there are WebSocket listeners only, which nodes and servers cannot use: "
                         "add one with protocol mqtt or mqtts");
}

}  // namespace

std::string_view schemeOf(Listener::Protocol protocol) {
    for (const auto& [name, value] : kProtocols)
        if (value == protocol) return name;
    return {};
}

bool isLoopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}
bool isAnyAddress(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

std::string hostKey(const std::string& host) {
    return isLoopback(host) || isAnyAddress(host) ? "127.0.0.1" : host;
}

std::string lineText(const Place& place) {
    return place.line > 0 ? fmt::format("line {}", place.line)
                          : std::string("one that is there already");
}

const Listener& localListener(const Cluster& cluster) {
    for (const Protocol wanted : {Protocol::Mqtt, Protocol::Mqtts})
        for (const Listener& listener : cluster.listeners)
            if (listener.protocol == wanted) return listener;
    return cluster.listeners.front();  // with an external broker, where nobody asks
}

const Listener& remoteListener(const Cluster& cluster) {
    for (const Listener& listener : cluster.listeners)
        if (!isWebSocket(listener) && !isLoopback(listener.host)) return listener;
    return localListener(cluster);
}

std::string urlOf(const Listener& listener, const std::string& host) {
    const bool isV6 = host.find(':') != std::string::npos && host.front() != '[';
    return fmt::format("{}://{}{}{}:{}{}", schemeOf(listener.protocol), isV6 ? "[" : "", host,
                       isV6 ? "]" : "", listener.port,
                       isWebSocket(listener) ? listener.path : std::string());
}

std::string urlOf(const Listener& listener, const Cluster& cluster) {
    if (!isAnyAddress(listener.host)) return urlOf(listener, listener.host);
    if (isTls(listener)) return urlOf(listener, cluster.masterHost);
    return urlOf(listener, std::string(listener.host == "::" ? "::1" : "127.0.0.1"));
}

void readListeners(const SourceFile& source, Draft& draft) {
    const JsonValue* list = source.value.find("listeners");
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
        const JsonValue& entry = list->elements[i];
        const std::string pointer = childPointer("/listeners", i);
        draft.cluster.listeners.push_back(ListenerReader(source, entry, pointer, draft).read());
        draft.listeners.push_back(source.at(entry, pointer));
    }
}

void validateListeners(Draft& draft) {
    std::map<std::pair<std::string, int>, std::size_t> seen;
    for (std::size_t i = 0; i < draft.cluster.listeners.size(); ++i) {
        const Listener& listener = draft.cluster.listeners[i];
        checkListener(draft, i);
        if (listener.port == 0) continue;
        const auto [first, isNew] = seen.try_emplace({hostKey(listener.host), listener.port}, i);
        if (!isNew)
            draft.problems.error(
                draft.listeners[i],
                fmt::format("{}:{} is listened on twice, first in {}: remove one", listener.host,
                            listener.port, lineText(draft.listeners[first->second])));
    }
    checkReachable(draft);
}

}  // namespace muster::config
