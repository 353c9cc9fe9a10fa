#pragma once

#include <muster/monitor.hpp>

#include <string>
#include <vector>

namespace muster::test {

/// A MonitorAgent without a network: keeps what modules notify.
class FakeMonitorAgent final : public MonitorAgent {
public:
    FakeMonitorAgent() {
        self_.id = "chat-1";
        self_.type = "chat";
        self_.host = "10.0.0.1";
        self_.port = 3250;
    }
    const ServerInfo& self() const override { return self_; }
    void notify(std::string_view module, JsonText body) override {
        notifies.push_back(std::string(module) + " " + body);
    }
    void request(std::string_view, JsonText, Reply, std::chrono::milliseconds) override {}
    void set(std::string_view, JsonText) override {}
    JsonText get(std::string_view) const override { return "null"; }

    std::vector<std::string> notifies;

private:
    ServerInfo self_;
};

}  // namespace muster::test
