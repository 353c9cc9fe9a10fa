#include "modules/system_info/system_info_master.hpp"

#include "modules/body.hpp"

#include <muster/json.hpp>

#include <array>

namespace muster::modules {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 6> kCpu{"cpu_user",   "cpu_nice",  "cpu_system",
                                          "cpu_iowait", "cpu_steal", "cpu_idle"};
constexpr std::array<const char*, 5> kDisk{"tps", "kb_read", "kb_wrtn", "kb_read_per",
                                           "kb_wrtn_per"};

/// A member of an object, or null: samples come from outside.
json at(const json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto member = object.find(key);
    return member == object.end() ? json() : *member;
}

void copy(const json& from, const char* key, json& into) {
    if (json value = at(from, key); !value.is_null()) into[key] = std::move(value);
}

json rowOf(const std::string& serverId, const json& sample) {
    json row{{"serverId", serverId}};
    copy(sample, "hostname", row);
    copy(sample, "totalmem", row);
    copy(sample, "freemem", row);
    const json iostat = at(sample, "iostat");
    if (json date = at(iostat, "date"); !date.is_null()) row["Time"] = std::move(date);
    const json cpu = at(iostat, "cpu");
    const json disk = at(iostat, "disk");
    for (const char* key : kCpu) copy(cpu, key, row);
    for (const char* key : kDisk) copy(disk, key, row);
    const json total = at(sample, "totalmem");
    const json free = at(sample, "freemem");
    if (total.is_number() && free.is_number() && total.get<double>() > 0)
        row["free/total"] = twoDecimals(free.get<double>() / total.get<double>());
    const json load = at(sample, "loadavg");
    if (load.is_array() && load.size() == 3) {
        row["m_1"] = load[0];
        row["m_5"] = load[1];
        row["m_15"] = load[2];
    }
    return row;
}

}  // namespace

void SystemInfoMaster::tick(MasterAgent& agent) {
    (void)agent.notifyAll(id(), {});  // nobody there: nothing to ask
}

void SystemInfoMaster::masterHandler(MasterAgent& /*agent*/, const ServerInfo& from,
                                     const JsonText& message, Reply reply) {
    const auto taken = samples_.take(from, message);
    reply(taken ? Result<JsonText>(JsonText("null")) : Result<JsonText>(taken.error()));
}

void SystemInfoMaster::clientHandler(MasterAgent& /*agent*/, const Caller& /*caller*/,
                                     const JsonText& /*message*/, Reply reply) {
    json rows = json::object();
    for (const auto& [serverId, text] : samples_.all())
        if (const auto sample = parseObject(text)) rows[serverId] = rowOf(serverId, *sample);
    reply(jsonText(rows));
}

}  // namespace muster::modules
