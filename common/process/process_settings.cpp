#include "common/process/process_settings.hpp"

#include <muster/json.hpp>

#include <array>
#include <utility>

#include <sys/resource.h>

namespace muster {

using Json = nlohmann::json;

namespace {

constexpr std::array<std::pair<const char*, int>, 10> kResources{{{"as", RLIMIT_AS},
                                                                  {"core", RLIMIT_CORE},
                                                                  {"cpu", RLIMIT_CPU},
                                                                  {"data", RLIMIT_DATA},
                                                                  {"fsize", RLIMIT_FSIZE},
                                                                  {"memlock", RLIMIT_MEMLOCK},
                                                                  {"nofile", RLIMIT_NOFILE},
                                                                  {"nproc", RLIMIT_NPROC},
                                                                  {"rtprio", RLIMIT_RTPRIO},
                                                                  {"stack", RLIMIT_STACK}}};
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
constexpr std::size_t kMostCpus = 4096;
constexpr std::size_t kMostSockets = 16;

Error bad(const std::string& what) {
    return Error(Errc::BadMessage, "process settings: " + what);
}

/// Reads the fields of one object; the first that is out of range is the error.
class Reader {
public:
    explicit Reader(const Json& object) : object_(object) {}

    std::int64_t number(const char* key, std::int64_t fallback, std::int64_t least,
                        std::int64_t most) {
        const auto found = object_.find(key);
        return found == object_.end() ? fallback : inRange(*found, key, least, most);
    }
    std::vector<int> numbers(const char* key, int most, std::size_t count) {
        std::vector<int> values;
        for (const Json& item : list(key, count))
            values.push_back(static_cast<int>(inRange(item, key, 0, most)));
        return values;
    }
    std::vector<std::string> texts(const char* key, std::size_t count) {
        std::vector<std::string> values;
        for (const Json& item : list(key, count)) {
            if (!item.is_string() || item.get_ref<const std::string&>().size() > 300) {
                fail(key);
                continue;
            }
            values.push_back(item.get<std::string>());
        }
        return values;
    }
    std::map<std::string, std::int64_t> rlimits() {
        std::map<std::string, std::int64_t> limits;
        const auto found = object_.find("rlimits");
        if (found == object_.end()) return limits;
        if (!found->is_object()) fail("rlimits");
        for (const auto& [name, value] : found->items()) {
            if (!resourceOf(name)) fail("rlimits");
            limits[name] = inRange(value, "rlimits", -1, kMostBytes);
        }
        return limits;
    }
    bool has(const char* key) const { return object_.contains(key); }
    const std::optional<Error>& error() const { return error_; }

private:
    void fail(const std::string& key) {
        if (!error_) error_ = bad(key + " is of a wrong kind or out of range");
    }
    std::int64_t inRange(const Json& value, const char* key, std::int64_t least,
                         std::int64_t most) {
        if (!value.is_number_integer()) {
            fail(key);
            return least;
        }
        const auto number = value.get<std::int64_t>();
        if (number < least || number > most) fail(key);
        return number;
    }
    const Json& list(const char* key, std::size_t count) {
        static const Json kNone = Json::array();
        const auto found = object_.find(key);
        if (found == object_.end()) return kNone;
        if (found->is_array() && found->size() <= count) return *found;
        fail(key);
        return kNone;
    }

    const Json& object_;
    std::optional<Error> error_;
};

}  // namespace

std::optional<int> resourceOf(std::string_view name) {
    for (const auto& [known, number] : kResources)
        if (name == known) return number;
    return std::nullopt;
}

std::vector<std::string> resourceNames() {
    std::vector<std::string> names;
    for (const auto& [name, number] : kResources) names.emplace_back(name);
    return names;
}

JsonText encode(const ProcessSettings& settings) {
    Json json = Json::object();
    const auto put = [&json](const char* key, const auto& value, const auto& unlike) {
        if (value != unlike) json[key] = value;
    };
    const ProcessSettings plain;
    put("memoryMax", settings.memoryMax, plain.memoryMax);
    put("cpuMax", settings.cpuMax, plain.cpuMax);
    put("cpuWeight", settings.cpuWeight, plain.cpuWeight);
    put("pidsMax", settings.pidsMax, plain.pidsMax);
    if (settings.nice) json["nice"] = *settings.nice;
    put("umask", settings.umask, plain.umask);
    put("cpus", settings.cpus, plain.cpus);
    put("rlimits", settings.rlimits, plain.rlimits);
    put("sockets", settings.sockets, plain.sockets);
    return jsonText(json);
}

Result<ProcessSettings> decodeProcessSettings(std::string_view text) {
    const auto json = parseJson(text);
    if (!json || !json->is_object()) return bad("not a JSON object");
    Reader reader(*json);
    ProcessSettings settings;
    settings.memoryMax = reader.number("memoryMax", 0, 0, kMostBytes);
    settings.cpuMax = static_cast<int>(reader.number("cpuMax", 0, 0, 1'000'000));
    settings.cpuWeight = static_cast<int>(reader.number("cpuWeight", 0, 0, 10'000));
    settings.pidsMax = static_cast<int>(reader.number("pidsMax", 0, 0, 10'000'000));
    if (reader.has("nice")) settings.nice = static_cast<int>(reader.number("nice", 0, -20, 19));
    settings.umask = static_cast<int>(reader.number("umask", settings.umask, 0, 0777));
    settings.cpus = reader.numbers("cpus", static_cast<int>(kMostCpus) - 1, kMostCpus);
    settings.rlimits = reader.rlimits();
    settings.sockets = reader.texts("sockets", kMostSockets);
    if (reader.error()) return *reader.error();
    return settings;
}

}  // namespace muster
