#include "console/admin.hpp"

namespace muster::cli {
namespace {

class RemoteAdmin final : public Admin {
public:
    explicit RemoteAdmin(AdminClientOptions options) : client_(std::move(options)) {}
    Result<void> connect() { return client_.connect(); }
    Result<JsonText> request(std::string_view moduleId, JsonText body,
                             std::chrono::milliseconds timeout) override {
        return client_.request(moduleId, std::move(body), timeout);
    }
    Result<JsonText> command(std::string_view command, std::string_view moduleId) override {
        return client_.command(command, moduleId);
    }
    Result<void> subscribe(std::string_view filter,
                           std::function<void(const AdminMessage&)> onMessage) override {
        return client_.subscribe(filter, std::move(onMessage));
    }

private:
    AdminClient client_;
};

}  // namespace

Result<std::unique_ptr<Admin>> connectAdmin(const Endpoint& endpoint,
                                            std::function<void()> onClosed) {
    AdminClientOptions options;
    options.url = endpoint.url;
    options.cluster = endpoint.cluster;
    options.username = endpoint.username;
    options.password = endpoint.password;
    options.caFile = endpoint.caFile;
    options.certFile = endpoint.certFile;
    options.keyFile = endpoint.keyFile;
    options.timeout = endpoint.timeout;
    if (onClosed) options.onClosed = [onClosed](std::string_view) { onClosed(); };
    auto admin = std::make_unique<RemoteAdmin>(std::move(options));
    if (auto connected = admin->connect(); !connected) return connected.error();
    return std::unique_ptr<Admin>(std::move(admin));
}

}  // namespace muster::cli
