#include "common/log.hpp"
#include "keeper/child_table.hpp"

#include <muster/json.hpp>

#include <utility>

#include <sys/syscall.h>

// What an earlier keeper, or this process as another program, left running.
namespace muster::keeper {

namespace {

std::string textField(const nlohmann::json& record, const char* key) {
    const auto found = record.find(key);
    return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> textsField(const nlohmann::json& record, const char* key) {
    std::vector<std::string> texts;
    const auto found = record.find(key);
    if (found == record.end() || !found->is_array()) return texts;
    for (const auto& item : *found)
        if (item.is_string()) texts.push_back(item.get<std::string>());
    return texts;
}

}  // namespace

void ChildTable::adopt(const std::string& text) {
    auto state = decodeChild(text);
    if (!state) return log::warn("keeper", "a damaged record is ignored");
    const auto json = parseJson(text);
    Child& child = children_[state->id];
    child.state = std::move(*state);
    child.readyPattern = textField(*json, "readyPattern");
    const auto end = json->find("end");
    if (end != json->end()) child.end = decodeExit(jsonText(*end));
    if (child.state.exit && !child.end) return;
    if (child.state.id != kNodeId)
        child.cgroup =
            cgroups_.adopt(child.state.id, child.state.nonce, textsField(*json, "cgroups"));
    const bool isOfThisBoot = textField(*json, "boot") == bootId_;
    child.identity = {child.state.pid, child.state.startTicks, isOfThisBoot ? bootId_ : "earlier",
                      child.state.nonce};
    if (child.end) return sweepAfter(child);
    if (child.state.pid == 0 && isOfThisBoot) {
        for (const ProcessIdentity& process : findByNonce(child.state.nonce)) {
            const auto stat = readProcStat(process.pid);
            if (!stat || stat->session != process.pid) continue;
            child.state.pid = process.pid;
            child.state.startTicks = process.startTicks;
            break;
        }
    }
    // Of this very process, which then was another program.
    const auto stat = isOfThisBoot ? readProcStat(child.state.pid) : std::nullopt;
    const bool isChild =
        stat && stat->parent == ::getpid() && stat->startTicks == child.state.startTicks;
    child.state.isAdopted = !isChild;
    child.identity.pid = child.state.pid;
    child.identity.startTicks = child.state.startTicks;
    child.process = isChild
                        ? UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.state.pid, 0U)))
                        : openProcess(child.identity);
    if (!child.process) {
        log::warn("keeper", "{} ended while no keeper was there", child.state.id);
        return ended(child, ExitStatus{});
    }
    child.sockets = textsField(*json, "sockets");
    sockets_.adopt(child.state.id, child.sockets, child.process.get());
    if (auto piped = openPipes(child); !piped)
        log::error("keeper", "{}: {}", child.state.id, piped.error().detail());
    if (!child.state.isMatched) watchPattern(child, child.readyPattern);
    watchEnd(child);
    record(child);
    log::info("keeper", "adopted {}: process {}", child.state.id, child.state.pid);
}

}  // namespace muster::keeper
