#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// The admin client as a library: what the `muster` command line is made of (pomelo-admin's
/// lib/client/client.js). std only, C++17.
namespace muster {

struct AdminClientOptions {
    std::string url = "mqtt://127.0.0.1:3005";  // mqtt:// or mqtts://
    std::string cluster = "default";
    std::string username;  // empty: anonymous, level 2 (read only)
    std::string password;
    std::string caFile, certFile, keyFile;
    std::chrono::milliseconds timeout{10'000};  // of connect and the default of each call
    std::function<void(std::string_view reason)> onClosed;  // on the client's thread
};

struct AdminMessage {
    std::string topic;
    std::string payload;
    bool retained = false;
};

/// A connection of an administrator. Thread-safe. Callbacks run on the client's own thread and
/// must not block. After a lost connection it does not reconnect: make a new one.
class AdminClient {
public:
    explicit AdminClient(AdminClientOptions options);
    ~AdminClient();
    AdminClient(const AdminClient&) = delete;
    AdminClient& operator=(const AdminClient&) = delete;

    /// Blocks up to options.timeout. Denied: bad credentials. Closed: nobody listens there.
    Result<void> connect();
    /// Asks `moduleId`'s clientHandler in the master and waits for the one answer.
    Result<JsonText> request(std::string_view moduleId, JsonText body);
    Result<JsonText> request(std::string_view moduleId, JsonText body,
                             std::chrono::milliseconds timeout);
    void requestAsync(std::string_view moduleId, JsonText body, std::chrono::milliseconds timeout,
                      Reply done);
    /// Without an answer.
    Result<void> notify(std::string_view moduleId, JsonText body);
    /// "list", "enable" or "disable" of modules at the master (pomelo's command()).
    Result<JsonText> command(std::string_view command, std::string_view moduleId);
    /// Messages below muster/<cluster>/ whose topic matches `filter` (relative to that root).
    Result<void> subscribe(std::string_view filter,
                           std::function<void(const AdminMessage&)> onMessage);
    void close();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster
