#include "master/console/stored_switches.hpp"

#include "common/wire/json_scanner.hpp"
#include "common/wire/topics.hpp"

#include <utility>

namespace muster {
namespace {

std::string keyOf(std::string_view moduleId) {
    return "module/" + wire::percentEncode(moduleId);
}

}  // namespace

bool StoredSwitches::isEnabled(std::string_view moduleId) const {
    const auto entry = store_.get(keyOf(moduleId));
    if (!entry) return true;
    const auto value = wire::findMember(entry->value, "enabled");
    return !value || value->text != "false";
}

void StoredSwitches::save(std::string_view moduleId, bool isEnabled,
                          std::function<void(Result<void>)> done) {
    Transaction transaction;
    const std::string value = "{\"id\":" + wire::jsonString(moduleId) +
                              ",\"enabled\":" + (isEnabled ? "true" : "false") + "}";
    transaction.puts.push_back({keyOf(moduleId), value});
    store_.commit(std::move(transaction),
                  [done = std::move(done)](const Result<std::int64_t>& revision) {
                      done(revision ? Result<void>() : Result<void>(revision.error()));
                  });
}

}  // namespace muster
