#include "monitor/monitor_impl.hpp"

#include <muster/monitor.hpp>

#include <charconv>
#include <cstdlib>
#include <utility>

namespace muster {
namespace {

void fill(std::string& option, const char* variable) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') option = value;
}

}  // namespace

MonitorOptions MonitorOptions::fromEnvironment() {
    MonitorOptions options;
    fill(options.id, "MUSTER_ID");
    fill(options.type, "MUSTER_TYPE");
    fill(options.token, "MUSTER_TOKEN");
    fill(options.master, "MUSTER_MASTER");
    fill(options.cluster, "MUSTER_CLUSTER");
    fill(options.host, "MUSTER_HOST");
    fill(options.caFile, "MUSTER_CA");
    fill(options.info, "MUSTER_INFO");
    std::string port;
    fill(port, "MUSTER_PORT");
    if (!port.empty()) {
        // What is no number is left for start() to refuse: it names the option.
        options.port = -1;
        const auto [end, error] =
            std::from_chars(port.data(), port.data() + port.size(), options.port);
        if (error != std::errc() || end != port.data() + port.size()) options.port = -1;
    }
    return options;
}

Monitor::Monitor(MonitorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Monitor::~Monitor() = default;

void Monitor::add(std::unique_ptr<MonitorModule> module) {
    if (module) impl_->add(std::move(module));
}

void Monitor::handle(std::string moduleId,
                     std::function<Result<JsonText>(const JsonText&)> handler) {
    impl_->functionModule(moduleId).handleWith(std::move(handler));
}

void Monitor::report(std::string moduleId, std::chrono::seconds every,
                     std::function<JsonText()> sample) {
    impl_->functionModule(moduleId).reportWith(every, std::move(sample));
}

void Monitor::onStop(std::function<void()> callback) {
    impl_->onStop(std::move(callback));
}
void Monitor::onDrain(std::function<void()> callback) {
    impl_->onDrain(std::move(callback));
}

void Monitor::onUndrain(std::function<void()> callback) {
    impl_->onUndrain(std::move(callback));
}
void Monitor::onServers(std::function<void(const JsonText&)> callback) {
    impl_->onServers(std::move(callback));
}

Result<void> Monitor::start() {
    return impl_->start();
}
void Monitor::ready() {
    impl_->ready();
}
void Monitor::setBusy(std::int64_t count) {
    impl_->setBusy(count);
}
void Monitor::stop() {
    impl_->stop();
}
MonitorAgent& Monitor::agent() {
    return impl_->agent();
}

}  // namespace muster
