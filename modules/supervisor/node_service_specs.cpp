#include "modules/supervisor/node_service.hpp"

#include <muster/json.hpp>

#include <utility>

// What servers are to be started with, and what they were.
namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

constexpr std::size_t kMaxAsked = 10'000;

}  // namespace

void NodeService::takeSpec(Entry& entry, ServerSpec spec) {
    entry.next = processDigests(spec);
    entry.policies = policyDigests(spec);
    entry.process->setSpec(std::move(spec));
}

/// Holds for the next start, and its policies at once.
void NodeService::update(const std::string& specText, const Reply& reply) {
    auto spec = decodeSpec(specText);
    if (!spec) return reply(spec.error());
    Entry* entry = find(spec->id);
    if (entry == nullptr) return reply(Error(Errc::UnknownServer, spec->id));
    takeSpec(*entry, std::move(*spec));
    settle(*entry);
    reply(JsonText("{}"));
    sendSnapshot();
}

/// Names and hashes of the parts of what processes were started with, never the parts themselves.
JsonText NodeService::specs(const JsonText& message) const {
    Json specs = Json::object();
    Json policies = Json::object();
    const auto json = parseJson(message);
    const auto ids = json->find("ids");
    if (ids != json->end() && ids->is_array() && ids->size() <= kMaxAsked)
        for (const Json& id : *ids) {
            if (!id.is_string()) continue;
            const auto found = entries_.find(id.get<std::string>());
            if (found == entries_.end()) continue;
            const Entry& entry = found->second;
            const bool isRunning = entry.process->status().pid > 0;
            specs[found->first] = isRunning ? entry.started : entry.next;
            policies[found->first] = entry.policies;
        }
    return jsonText({{"specs", std::move(specs)}, {"policies", std::move(policies)}});
}

/// One of an older build does not say; then it most likely was the spec that stands there.
SpecDigests NodeService::startedOf(const std::string& record, const ServerSpec& spec) {
    const auto json = parseJson(record);
    const auto known = json ? json->find("started") : Json::const_iterator();
    if (!json || known == json->end() || !known->is_object()) return processDigests(spec);
    SpecDigests started;
    for (const auto& [part, hash] : known->items())
        if (hash.is_string()) started[part] = hash.get<std::string>();
    return started;
}

}  // namespace muster::supervisor
