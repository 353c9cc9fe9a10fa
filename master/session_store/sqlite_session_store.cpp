#include "master/session_store/sqlite_session_store.hpp"

#include "common/log.hpp"

#include <iterator>
#include <utility>

#include <sqlite3.h>

namespace muster::mqtt {
namespace {

/// From the steady clock of the broker to the wall's, as they stand now.
WallClock wallClockOf(EventLoop& loop) {
    const auto wall =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop.wallTime().time_since_epoch());
    const auto steady =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop.now().time_since_epoch());
    return {wall - steady};
}

}  // namespace

Result<std::unique_ptr<SqliteSessionStore>> SqliteSessionStore::open(EventLoop& loop,
                                                                     const std::string& file,
                                                                     bool powerDurability) {
    auto opened = SessionFile::open(file, powerDurability, wallClockOf(loop));
    if (!opened) return opened.error();
    return std::unique_ptr<SqliteSessionStore>(
        new SqliteSessionStore(loop, file, std::move(*opened)));
}

SqliteSessionStore::SqliteSessionStore(EventLoop& loop, std::string name, SessionFile file)
    : loop_(loop), name_(std::move(name)), file_(std::move(file)) {}

SqliteSessionStore::~SqliteSessionStore() {
    *isAlive_ = false;
    loop_.cancel(clockTimer_);
    if (!writer_.joinable()) return;
    handOver();
    {
        std::lock_guard lock(mutex_);
        isStopping_ = true;
    }
    hasWork_.notify_one();
    writer_.join();
}

Result<void> SqliteSessionStore::load(StoreReader& reader) {
    auto loaded = file_.load(reader);
    if (!loaded) return Error(Errc::Failed, name_ + ": " + loaded.error().detail());
    queued_.clock = wallClockOf(loop_);
    writer_ = std::thread([this] { write(); });
    lookAtClock();
    return {};
}

// What is in the file is by the wall clock, also while nothing else happens.
void SqliteSessionStore::lookAtClock() {
    clockTimer_ = loop_.after(kClockLook, [this, clock = wallClockOf(loop_)] {
        if (wallClockOf(loop_).wasSetSince(clock)) record(change::EraseSession{});  // of nobody
        lookAtClock();
    });
}

void SqliteSessionStore::record(StoreChange change) {
    ++recorded_;
    recordedBytes_ += bytesOf(change);
    pending_.push_back(std::move(change));
    handOverLater();
}

// Once a turn of the loop, so that all of a turn is one group: a group of one costs as much.
void SqliteSessionStore::handOverLater() {
    if (std::exchange(willHandOver_, true)) return;
    loop_.post([this, isAlive = isAlive_] {
        if (!*isAlive) return;
        willHandOver_ = false;
        handOver();
    });
}

void SqliteSessionStore::handOver() {
    {
        std::lock_guard lock(mutex_);
        if (queue_.empty()) {
            queue_.swap(pending_);
        } else {
            queue_.insert(queue_.end(), std::make_move_iterator(pending_.begin()),
                          std::make_move_iterator(pending_.end()));
        }
        queued_ = {recorded_, recordedBytes_, wallClockOf(loop_)};
    }
    pending_.clear();
    hasWork_.notify_one();
}

// False: there is nothing more to do. Adds to a group that could not be written.
bool SqliteSessionStore::takeGroup(std::vector<StoreChange>& group, Mark& mark) {
    std::unique_lock lock(mutex_);
    const bool isRetry = !group.empty();
    const auto isReady = [&] { return isStopping_ || (!isRetry && !queue_.empty()); };
    if (isRetry) {
        hasWork_.wait_for(lock, kRetry, [this] { return isStopping_; });
    } else {
        hasWork_.wait(lock, isReady);
    }
    if (group.empty() && queue_.empty()) return false;
    if (group.empty()) {
        group.swap(queue_);
    } else {
        group.insert(group.end(), std::make_move_iterator(queue_.begin()),
                     std::make_move_iterator(queue_.end()));
        queue_.clear();
    }
    mark = queued_;
    return true;
}

void SqliteSessionStore::write() {
    std::vector<StoreChange> group;
    Mark mark;
    while (takeGroup(group, mark)) {
        const sqlite::Failure failure = file_.apply(group, mark.clock);
        report(failure, mark);
        if (!failure) {
            group.clear();
            continue;
        }
        std::lock_guard lock(mutex_);
        if (isStopping_) return;  // what could not be written was not promised either
    }
}

void SqliteSessionStore::report(const sqlite::Failure& failure, Mark mark) {
    loop_.post([this, isAlive = isAlive_, failure, mark] {
        if (*isAlive) moved(failure, mark);
    });
}

void SqliteSessionStore::moved(const sqlite::Failure& failure, Mark mark) {
    const bool wasFailing = std::exchange(isFailing_, static_cast<bool>(failure));
    if (!failure) {
        committed_ = mark.position;
        committedBytes_ = mark.bytes;
        if (wasFailing) log::info("broker", "{} can be written again", name_);
    } else if (!wasFailing) {
        const bool isFull = failure.code == SQLITE_FULL || failure.code == SQLITE_IOERR;
        log::error("broker",
                   "{} cannot be written: {}{}; what would have to be kept is refused "
                   "until it can",
                   name_, failure.message, isFull ? ": is the disk full?" : "");
    }
    if (observer_ != nullptr) observer_->storeMoved(loop_.now());
}

}  // namespace muster::mqtt
