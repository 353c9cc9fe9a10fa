#include "modules/samples.hpp"

#include "common/wire/json_scanner.hpp"

namespace muster::modules {
namespace {

constexpr std::size_t kMaxSample = 256 * 1024;

}  // namespace

void Samples::follow(MasterAgent& agent) {
    agent.onMember(
        [samples = std::weak_ptr(samples_)](MemberEvent event, const ServerInfo& server) {
            if (const auto map = samples.lock(); map && event == MemberEvent::Disconnected)
                map->erase(server.id);
        });
}

Result<void> Samples::take(const ServerInfo& from, const JsonText& message) {
    const auto body = wire::findMember(message, "body");
    if (!body || body->kind != wire::JsonKind::Object || body->text.size() > kMaxSample)
        return Error(Errc::BadMessage, "a report is {serverId, body} of at most 256 KiB");
    (*samples_)[from.id] = body->text;  // its sender is who the connection says
    return {};
}

}  // namespace muster::modules
