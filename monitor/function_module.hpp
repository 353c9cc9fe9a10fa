#pragma once

#include <muster/monitor.hpp>

#include <functional>
#include <string>
#include <utility>

namespace muster {

/// A module made of functions: Monitor::handle() and Monitor::report().
class FunctionModule final : public MonitorModule {
public:
    explicit FunctionModule(std::string id) : id_(std::move(id)) {}
    void handleWith(std::function<Result<JsonText>(const JsonText&)> handler) {
        handler_ = std::move(handler);
    }
    void reportWith(std::chrono::seconds every, std::function<JsonText()> sample) {
        every_ = every;
        sample_ = std::move(sample);
    }

    std::string_view id() const override { return id_; }
    std::optional<Schedule> push() const override {
        if (!sample_) return std::nullopt;
        return Schedule{every_, every_};
    }
    void monitorHandler(MonitorAgent& /*agent*/, const JsonText& message, Reply reply) override {
        if (!handler_) return reply(Error(Errc::NotSupported, "module " + id_ + " only reports"));
        reply(handler_(message));
    }
    void tick(MonitorAgent& agent) override {
        if (sample_) agent.notify(id_, sample_());
    }

private:
    std::string id_;
    std::function<Result<JsonText>(const JsonText&)> handler_;
    std::chrono::seconds every_{1};
    std::function<JsonText()> sample_;
};

}  // namespace muster
