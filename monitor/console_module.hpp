#pragma once

#include <muster/monitor.hpp>

#include <functional>

namespace muster {

/// The monitor's half of the console (pomelo's __console__): tells about the process, passes on
/// requests to stop or drain. Called through UserCalls.
class ConsoleModule final : public MonitorModule {
public:
    struct Hooks {
        std::function<void()> stop;
        std::function<void()> drain;
        std::function<void()> undrain;
    };
    explicit ConsoleModule(Hooks hooks);

    std::string_view id() const override { return "__console__"; }
    /// {"signal": …}: "list" answers {"serverId","serverType","pid","rss" (bytes),"uptime" (s)};
    /// "stop" and "drain" answer {"status":"ok"} and ask the host; "restart" answers this server's
    /// info and stops it, starting again is the node's part. Others: NotSupported.
    void monitorHandler(MonitorAgent& agent, const JsonText& message, Reply reply) override;

private:
    JsonText list(const ServerInfo& self) const;

    Hooks hooks_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace muster
