#include "master/console/pomelo_registrations.hpp"

#include "common/log.hpp"
#include "common/wire/json_scanner.hpp"
#include "common/wire/topics.hpp"
#include "master/console/digest.hpp"

#include <muster/json.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace muster {
namespace {

constexpr std::string_view kPrefix = "pomelo/";
constexpr std::chrono::seconds kRetry{1};

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
    return fmt::format(
        R"({{"v":1,"serverType":{},"info":"{}","address":{},"pid":{},"seconds":{}}})",
        wire::jsonString(record.serverType), record.infoDigest, wire::jsonString(record.address),
        record.pid, seconds);
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
                         number("seconds"),
                         true};
    }
}

StoredPomeloRegistrations::~StoredPomeloRegistrations() {
    alive_.reset();
    if (retryTimer_ != 0) loop_.cancel(retryTimer_);
}

std::optional<PomeloRegistrationRecord> StoredPomeloRegistrations::find(std::string_view id) const {
    const auto found = records_.find(id);
    if (found == records_.end()) return std::nullopt;
    return found->second.record;
}

void StoredPomeloRegistrations::remember(std::string_view id, PomeloRegistrationRecord record,
                                         std::function<void()> done) {
    Transaction transaction;
    auto found = records_.find(id);
    const bool isSame = found != records_.end() && found->second.record == record;
    if (isSame && found->second.isKept) return done();
    if (!isSame) {
        if (found == records_.end() && records_.size() >= maxRecords_) evictOldest(transaction);
        const auto now = loop_.wallTime().time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
        found = records_.insert_or_assign(std::string(id), Entry{std::move(record), seconds}).first;
    }
    const auto under = found->second.write ? found->second.write : std::make_shared<Write>();
    under->waiting.push_back(std::move(done));
    if (std::exchange(found->second.write, under) == nullptr)
        write(found->first, found->second, std::move(transaction));
}

void StoredPomeloRegistrations::forget(
    const std::function<bool(const std::string& id, const PomeloRegistrationRecord&)>&
        isForgotten) {
    Transaction transaction;
    for (const auto& [id, entry] : records_)
        if (isForgotten(id, entry.record)) transaction.erases.push_back(keyOf(id));
    if (transaction.erases.empty()) return;
    // A write under way goes into the store before; who waits for it is told all the same.
    std::erase_if(records_,
                  [&](const auto& entry) { return isForgotten(entry.first, entry.second.record); });
    store_.commit(std::move(transaction), [](const Result<std::int64_t>& committed) {
        if (!committed)
            log::error("pomelo",
                       "registrations whose token changed are known again after a start: {}",
                       committed.error().detail());
    });
}

void StoredPomeloRegistrations::write(const std::string& id, Entry& entry,
                                      Transaction transaction) {
    transaction.puts.push_back({keyOf(id), textOf(entry.record, entry.seconds)});
    store_.commit(std::move(transaction),
                  [this, alive = std::weak_ptr<bool>(alive_), id,
                   write = entry.write](const Result<std::int64_t>& committed) {
                      if (!alive.expired()) written(id, *write, committed);
                  });
}

void StoredPomeloRegistrations::written(const std::string& id, Write& write,
                                        const Result<std::int64_t>& committed) {
    const auto found = records_.find(id);
    // A newer registration of this id has a write of its own.
    const bool isNewest = found != records_.end() && found->second.write.get() == &write;
    if (isNewest) {
        found->second.write.reset();
        found->second.isKept = static_cast<bool>(committed);
    }
    const bool wasFailing = std::exchange(isFailing_, !committed);
    if (!committed && isNewest) {
        if (!wasFailing)
            log::error("pomelo", "registration of '{}' is not kept yet: {}; it joins all the same",
                       id, committed.error().detail());
        // A deposed leader has nothing to write any more.
        if (committed.error().code() != Errc::Conflict) retryLater();
    }
    for (const auto& done : std::exchange(write.waiting, {})) done();
}

void StoredPomeloRegistrations::retryLater() {
    if (retryTimer_ != 0) return;
    retryTimer_ = loop_.after(kRetry, [this] {
        retryTimer_ = 0;
        std::vector<std::string> ids;  // a store may answer at once, and so change the table
        for (const auto& [id, entry] : records_)
            if (!entry.isKept && !entry.write) ids.push_back(id);
        for (const auto& id : ids)
            if (const auto found = records_.find(id); found != records_.end())
                remember(id, PomeloRegistrationRecord(found->second.record), [] {});
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
