#include "master/console/pomelo_registrations.hpp"

#include "common/log.hpp"
#include "common/wire/topics.hpp"
#include "master/console/digest.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr std::string_view kPrefix = "pomelo/";

std::string hexDigest(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (const char c : digest::sha256(text)) {
        hex += kDigits[static_cast<unsigned char>(c) >> 4U];
        hex += kDigits[static_cast<unsigned char>(c) & 0x0FU];
    }
    return hex;
}

/// The address alone; "loopback" for every form of it.
std::string addressOf(std::string_view peer) {
    std::string_view address = peer.substr(0, peer.rfind(':'));
    if (address.starts_with('[')) address.remove_prefix(1);
    if (address.ends_with(']')) address.remove_suffix(1);
    if (address.starts_with("::ffff:")) address.remove_prefix(7);
    const bool isLoopback = address == "::1" || address.starts_with("127.");
    return std::string(isLoopback ? "loopback" : address);
}

std::string keyOf(std::string_view id) {
    return std::string(kPrefix) + wire::percentEncode(id);
}

std::string textOf(const PomeloRegistrationRecord& record, std::int64_t seconds) {
    return jsonText({{"v", 1},
                     {"serverType", record.serverType},
                     {"info", record.infoDigest},
                     {"address", record.address},
                     {"pid", record.pid},
                     {"seconds", seconds}});
}

}  // namespace

PomeloRegistrationRecord recordOf(const pomelo::Registration& monitor, std::string_view peer) {
    const auto info = parseJson(monitor.info);  // nlohmann's objects have their keys in order
    const std::string canonical = info ? jsonText(*info) : monitor.info;
    return {monitor.serverType, hexDigest(canonical), addressOf(peer), monitor.pid};
}

StoredPomeloRegistrations::StoredPomeloRegistrations(EventLoop& loop, StateStore& store,
                                                     std::size_t maxRecords)
    : loop_(loop), store_(store), maxRecords_(maxRecords) {
    for (const auto& entry : store_.list(kPrefix)) {
        const auto id = wire::percentDecode(std::string_view(entry.key).substr(kPrefix.size()));
        const auto json = parseJson(entry.value);
        if (!id || !json || !json->is_object()) continue;
        const auto text = [&](const char* key) {
            const auto found = json->find(key);
            return found != json->end() && found->is_string() ? found->get<std::string>() : "";
        };
        const auto number = [&](const char* key) {
            const auto found = json->find(key);
            return found != json->end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                                      : 0;
        };
        records_[*id] = {{text("serverType"), text("info"), text("address"), number("pid")},
                         number("seconds")};
    }
}

std::optional<PomeloRegistrationRecord> StoredPomeloRegistrations::find(std::string_view id) const {
    const auto found = records_.find(id);
    if (found == records_.end()) return std::nullopt;
    return found->second.record;
}

void StoredPomeloRegistrations::remember(std::string_view id, PomeloRegistrationRecord record,
                                         std::function<void()> done) {
    const auto found = records_.find(id);
    if (found != records_.end() && found->second.record == record) return done();
    Transaction transaction;
    if (found == records_.end() && records_.size() >= maxRecords_) evictOldest(transaction);
    const auto now = loop_.wallTime().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    transaction.puts.push_back({keyOf(id), textOf(record, seconds)});
    records_.insert_or_assign(std::string(id), Entry{std::move(record), seconds});
    store_.commit(std::move(transaction), [name = std::string(id), done = std::move(done)](
                                              const Result<std::int64_t>& committed) {
        if (!committed)
            log::error("pomelo", "registration of '{}' was not kept: {}; it joins all the same",
                       name, committed.error().detail());
        done();
    });
}

void StoredPomeloRegistrations::evictOldest(Transaction& transaction) {
    const auto oldest = std::min_element(
        records_.begin(), records_.end(),
        [](const auto& a, const auto& b) { return a.second.seconds < b.second.seconds; });
    if (oldest == records_.end()) return;
    transaction.erases.push_back(keyOf(oldest->first));
    records_.erase(oldest);
}

}  // namespace muster
