#include "common/config/source.hpp"

#include <utility>

namespace muster::config {
namespace {

using Reader = void (*)(const SourceFile&, Draft&);

void readFile(const Location& location, const std::string& name, Reader read, Draft& draft) {
    const bool hasEnvironments = name != "muster.json";
    const auto errorsBefore = draft.problems.errors();
    const auto source = readSource(location, name, hasEnvironments, draft.problems);
    const bool isNoObject = source && source->value.kind != JsonValue::Kind::Object;
    if (name == "muster.json")
        draft.isMusterFileBroken = isNoObject || draft.problems.errors() > errorsBefore;
    if (!source) return;
    if (name == "master.json") draft.masterFile = source->at(source->value, "");
    read(*source, draft);
}

/// Without listeners of its own, the master listens where master.json says.
void completeListeners(Draft& draft) {
    if (!draft.cluster.listeners.empty()) return;
    Listener listener;
    listener.host = draft.cluster.masterHost;
    listener.port = draft.cluster.masterPort;
    draft.cluster.listeners.push_back(listener);
    draft.listeners.push_back(draft.masterFile);
}

LoadResult loadInto(Draft draft, const std::string& path, const std::string& env) {
    const auto location = locate(path, env, draft.problems);
    if (!location) return {std::nullopt, draft.problems.take()};
    Cluster& cluster = draft.cluster;
    cluster.base = location->base.string();
    cluster.env = location->env;
    cluster.stateDirectory = (location->base / ".muster").string();
    std::error_code ignored;
    draft.hasAppJs = std::filesystem::exists(location->base / "app.js", ignored);
    readFile(*location, "master.json", readMaster, draft);
    readFile(*location, "muster.json", readMuster, draft);
    readFile(*location, "servers.json", readServers, draft);
    readFile(*location, "adminUser.json", readUsers, draft);
    readFile(*location, "adminServer.json", readServerTokens, draft);
    readFile(*location, "crons.json", readCrons, draft);
    completeListeners(draft);
    completeTypes(draft);
    validate(draft);
    LoadResult result;
    if (!draft.problems.hasErrors()) result.cluster = std::move(cluster);
    result.problems = draft.problems.take();
    return result;
}

}  // namespace

LoadResult load(const std::string& path, const std::string& env) {
    return loadInto({}, path, env);
}

LoadResult loadForClient(const std::string& path, const std::string& env) {
    Draft draft;
    draft.opensTlsFiles = false;
    return loadInto(std::move(draft), path, env);
}

}  // namespace muster::config
