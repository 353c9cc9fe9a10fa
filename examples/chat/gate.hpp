#pragma once

#include "examples/chat/directory.hpp"
#include "examples/chat/http_listener.hpp"

#include <map>
#include <string>
#include <vector>

namespace chat {

/// What the gate answers: the page, and which connector to use. Pure.
class Gate {
public:
    /// `files`: path to body, for "/", "/app.js" and so on.
    explicit Gate(std::map<std::string, std::string> files) : files_(std::move(files)) {}
    void onConnectors(std::vector<Peer> connectors) { connectors_ = std::move(connectors); }
    HttpResponse answer(const HttpRequest& request);

private:
    HttpResponse connector(const std::string& browserHost);
    std::string addressOf(const Peer& peer, const std::string& browserHost) const;

    std::map<std::string, std::string> files_;
    std::vector<Peer> connectors_;
    std::size_t next_ = 0;
};

/// The host name of a Host header, without the port; empty if it holds anything but letters,
/// digits, dots, hyphens, or an address in brackets.
std::string hostName(const std::string& header);

}  // namespace chat
