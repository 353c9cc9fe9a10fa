#include "modules/console/stored_crons.hpp"

#include "common/wire/topics.hpp"
#include "modules/body.hpp"

#include <muster/json.hpp>

#include <utility>

namespace muster::modules {
namespace {

std::string keyOf(const std::string& id) {
    return "cron/" + wire::percentEncode(id);
}

}  // namespace

std::vector<config::Cron> StoredCrons::crons() const {
    std::vector<config::Cron> crons;
    for (const StoreEntry& entry : store_.list("cron/")) {
        const auto record = parseObject(entry.value);
        if (!record) continue;
        config::Cron cron;
        cron.id = textOf(*record, "id");
        cron.serverType = textOf(*record, "serverType");
        cron.serverId = textOf(*record, "serverId");
        cron.time = textOf(*record, "time");
        cron.action = textOf(*record, "action");
        if (!cron.id.empty()) crons.push_back(std::move(cron));
    }
    return crons;
}

void StoredCrons::add(const config::Cron& cron, Done done) {
    const nlohmann::json record{{"id", cron.id},
                                {"serverType", cron.serverType},
                                {"serverId", cron.serverId},
                                {"time", cron.time},
                                {"action", cron.action}};
    Transaction transaction;
    transaction.compares.push_back({keyOf(cron.id), 0});  // two may be asked for at once
    transaction.puts.push_back({keyOf(cron.id), jsonText(record)});
    commit(std::move(transaction), std::move(done));
}

void StoredCrons::erase(const std::string& id, Done done) {
    Transaction transaction;
    transaction.erases.push_back(keyOf(id));
    commit(std::move(transaction), std::move(done));
}

void StoredCrons::commit(Transaction transaction, Done done) {
    store_.commit(std::move(transaction),
                  [done = std::move(done)](const Result<std::int64_t>& revision) {
                      done(revision ? Result<void>() : Result<void>(revision.error()));
                  });
}

}  // namespace muster::modules
