#pragma once

#include <muster/client.hpp>
#include <muster/result.hpp>
#include <muster/types.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace muster::cli {

/// What commands need of a connected admin client; the tests have their own.
class Admin {
public:
    virtual ~Admin() = default;
    /// Blocks up to `timeout` for the one answer of `moduleId` at the master.
    virtual Result<JsonText> request(std::string_view moduleId, JsonText body,
                                     std::chrono::milliseconds timeout) = 0;
    virtual Result<JsonText> command(std::string_view command, std::string_view moduleId) = 0;
    /// `onMessage` is called from another thread.
    virtual Result<void> subscribe(std::string_view filter,
                                   std::function<void(const AdminMessage&)> onMessage) = 0;
};

/// Where to connect to, and as whom.
struct Endpoint {
    std::string url;  // mqtt://host:port or mqtts://host:port
    std::string cluster = "default";
    std::string username;  // empty: anonymous
    std::string password;
    std::string caFile, certFile, keyFile;
    std::chrono::milliseconds timeout{10'000};
};

/// Connects with muster's own AdminClient. `onClosed` is called from another thread when the
/// connection is lost.
Result<std::unique_ptr<Admin>> connectAdmin(const Endpoint& endpoint,
                                            std::function<void()> onClosed);

}  // namespace muster::cli
