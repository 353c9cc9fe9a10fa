#include "modules/supervisor/spec_digest.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

// The variable that holds the entry of servers.json: its keys are told one by one.
constexpr const char* kEntry = "MUSTER_INFO";
constexpr std::array<std::string_view, 5> kPolicies{"restart", "stop", "readiness", "liveness",
                                                    "onUnresponsive"};

/// FNV-1a, 64 bits: the same in every build, and nobody gains by a collision.
std::string hashOf(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out(16, '0');
    for (auto at = out.rbegin(); at != out.rend(); ++at, hash >>= 4U) *at = kDigits[hash & 15U];
    return out;
}

bool isPolicy(std::string_view key) {
    return std::find(kPolicies.begin(), kPolicies.end(), key) != kPolicies.end();
}

void addMembers(SpecDigests& digests, const std::string& prefix, const Json& object) {
    for (const auto& [key, value] : object.items()) digests[prefix + key] = hashOf(jsonText(value));
}

void addEnvironment(SpecDigests& digests, Json variables) {
    if (const auto entry = variables.find(kEntry); entry != variables.end()) {
        const auto properties = parseJson(entry->get<std::string>());
        if (properties && properties->is_object()) {
            addMembers(digests, "properties.", *properties);
            variables.erase(entry);
        }
    }
    addMembers(digests, "env.", variables);
}

SpecDigests digestsOf(const ServerSpec& spec, bool isOfPolicy) {
    static const Json kDefaults = Json::parse(encode(ServerSpec{}));
    const Json json = Json::parse(encode(spec));  // named: items() refers to it
    SpecDigests digests;
    for (const auto& [key, value] : json.items()) {
        if (isPolicy(key) != isOfPolicy || key == "id" || value == kDefaults.value(key, Json()))
            continue;
        if (key == "env")
            addEnvironment(digests, value);
        else
            digests[key] = hashOf(jsonText(value));
    }
    return digests;
}

}  // namespace

SpecDigests processDigests(const ServerSpec& spec) {
    return digestsOf(spec, false);
}

SpecDigests policyDigests(const ServerSpec& spec) {
    return digestsOf(spec, true);
}

std::string fingerprintOf(const SpecDigests& digests) {
    std::string text;
    for (const auto& [key, hash] : digests) text += key + '=' + hash + '\n';
    return hashOf(text);
}

std::vector<std::string> differences(const SpecDigests& before, const SpecDigests& after) {
    std::vector<std::string> names;
    for (const auto& [key, hash] : before) {
        const auto found = after.find(key);
        if (found == after.end() || found->second != hash) names.push_back(key);
    }
    for (const auto& [key, hash] : after)
        if (!before.contains(key)) names.push_back(key);
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace muster::supervisor
