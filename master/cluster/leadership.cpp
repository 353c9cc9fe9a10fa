#include "master/cluster/leadership.hpp"

#include "common/wire/envelope.hpp"

#include <muster/json.hpp>

namespace muster {
namespace {

/// The epoch in a leader's record; no value if it is not one.
std::optional<std::int64_t> epochOf(const StoreEntry& entry) {
    const auto record = parseJson(entry.value);
    if (!record || !record->is_object()) return std::nullopt;
    const auto epoch = record->find("epoch");
    if (epoch == record->end() || !epoch->is_number_integer()) return std::nullopt;
    return epoch->get<std::int64_t>();
}

std::optional<std::string> uidOf(const StoreEntry& entry) {
    const auto record = parseJson(entry.value);
    if (!record || !record->is_object()) return std::nullopt;
    const auto uid = record->find("uid");
    if (uid == record->end() || !uid->is_string()) return std::nullopt;
    return uid->get<std::string>();
}

std::string recordOf(const LeaderTerm& term) {
    return jsonText(
        {{"id", term.masterId}, {"epoch", term.epoch}, {"since", wire::formatTime(term.since)}});
}

}  // namespace

Leadership::Leadership(EventLoop& loop, StateStore& store, Options options)
    : loop_(loop), store_(store), options_(std::move(options)) {}

Leadership::~Leadership() {
    *isAlive_ = false;
    loop_.cancel(timer_);
}

void Leadership::lead(std::function<void(Result<LeaderTerm>)> done) {
    const auto leader = store_.get(kLeaderKey);
    const auto cluster = store_.get(kClusterKey);
    LeaderTerm term{options_.masterId, 1, wire::makeUuid(loop_.wallTime()), loop_.wallTime()};
    Transaction transaction;
    transaction.compares = {{kLeaderKey, leader ? leader->modRevision : 0},
                            {kClusterKey, cluster ? cluster->modRevision : 0}};
    const auto epoch = leader ? epochOf(*leader) : std::optional<std::int64_t>(0);
    const auto uid = cluster ? uidOf(*cluster) : std::optional<std::string>(term.clusterUid);
    // An epoch that cannot be read must not start again at 1: receivers would refuse it, or worse.
    if (!epoch || !uid) {
        loop_.post([done = std::move(done)] {
            done(Error(Errc::Failed,
                       "the store's record of the leader or the cluster is damaged: restore the "
                       "store from a copy, or move it away"));
        });
        return;
    }
    term.epoch = *epoch + 1;
    term.clusterUid = *uid;
    transaction.puts.push_back({kLeaderKey, recordOf(term)});
    if (!cluster) transaction.puts.push_back({kClusterKey, jsonText({{"uid", term.clusterUid}})});
    store_.commit(std::move(transaction),
                  [this, isAlive = isAlive_, term, done = std::move(done)](auto revision) {
                      if (*isAlive) took(std::move(revision), term, done);
                  });
}

void Leadership::took(Result<std::int64_t> revision, const LeaderTerm& term,
                      const std::function<void(Result<LeaderTerm>)>& done) {
    if (!revision) return done(revision.error());
    term_ = term;
    revision_ = *revision;
    check();
    done(term_);
}

void Leadership::onLost(std::function<void(const std::string&)> listener) {
    onLost_ = std::move(listener);
}

bool Leadership::isLeading() {
    if (revision_ != 0 && !options_.isLeaseHeld())
        lost("the lease was lost: its lock file was removed or replaced");
    return revision_ != 0;
}

void Leadership::check() {
    timer_ = 0;
    if (!isLeading()) return;
    timer_ = loop_.after(options_.checkEvery, [this] { check(); });
}

void Leadership::commit(Transaction transaction, std::function<void(Result<std::int64_t>)> done) {
    if (!isLeading()) {
        loop_.post([done = std::move(done), isAlive = isAlive_] {
            if (*isAlive && done) done(Error(Errc::Conflict, "this master does not lead"));
        });
        return;
    }
    transaction.compares.push_back({kLeaderKey, revision_});
    store_.commit(std::move(transaction),
                  [this, isAlive = isAlive_, done = std::move(done)](auto result) {
                      if (!*isAlive) return;
                      if (!result && result.error().code() == Errc::Conflict) probe();
                      if (done) done(std::move(result));
                  });
}

/// A Conflict does not tell which comparison failed: asks with the leader's key alone.
void Leadership::probe() {
    if (isProbing_ || revision_ == 0) return;
    isProbing_ = true;
    Transaction onlyLeader;
    onlyLeader.compares = {{kLeaderKey, revision_}};
    store_.commit(std::move(onlyLeader), [this, isAlive = isAlive_](auto result) {
        if (!*isAlive) return;
        isProbing_ = false;
        if (!result && result.error().code() == Errc::Conflict) lost("another master took over");
    });
}

void Leadership::lost(const std::string& reason) {
    if (revision_ == 0) return;
    revision_ = 0;
    loop_.cancel(timer_);
    timer_ = 0;
    if (!onLost_) return;
    loop_.post([this, isAlive = isAlive_, reason] {
        if (*isAlive) onLost_(reason);
    });
}

}  // namespace muster
