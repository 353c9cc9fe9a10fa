#pragma once

#include "common/event_loop.hpp"
#include "master/mqtt/session_store.hpp"
#include "master/session_store/session_file.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::mqtt {

/// SessionStore in one SQLite file. A thread of its own writes: what was recorded while it wrote
/// the last group is the next one. A group that cannot be written is tried again every half second,
/// first of all. Owned by the composition root; `loop` outlives it.
class SqliteSessionStore final : public SessionStore {
public:
    static constexpr std::size_t kBehindBytes = 64u << 20;  // not yet written: isBehind() above
    static constexpr std::size_t kFullBytes = 2 * kBehindBytes;  // isFull() above
    static constexpr std::chrono::milliseconds kRetry{500};
    static constexpr std::chrono::seconds kClockLook{10};  // whether the wall clock was set

    /// Opens or makes the file, see sqlite::openStore(); blocks. `powerDurability`: an fsync for
    /// each group, so that it survives the host, not only the process.
    static Result<std::unique_ptr<SqliteSessionStore>> open(EventLoop& loop,
                                                            const std::string& file,
                                                            bool powerDurability);
    /// Writes what was recorded, then stops the thread. The observer is not called afterwards.
    ~SqliteSessionStore() override;
    SqliteSessionStore(const SqliteSessionStore&) = delete;
    SqliteSessionStore& operator=(const SqliteSessionStore&) = delete;

    Result<void> load(StoreReader& reader) override;
    void setObserver(StoreObserver* observer) override { observer_ = observer; }
    void record(StoreChange change) override;
    StorePosition recorded() const noexcept override { return recorded_; }
    StorePosition committed() const noexcept override { return committed_; }
    bool isFailing() const noexcept override { return isFailing_; }
    bool isBehind() const noexcept override {
        return !isFailing_ && recordedBytes_ - committedBytes_ > kBehindBytes;
    }
    bool isFull() const noexcept override {
        return isFailing_ && recordedBytes_ - committedBytes_ > kFullBytes;
    }

private:
    /// Where a group ends.
    struct Mark {
        StorePosition position = 0;
        std::size_t bytes = 0;
        WallClock clock{};
    };

    SqliteSessionStore(EventLoop& loop, std::string name, SessionFile file);
    void lookAtClock();
    void handOverLater();
    void handOver();
    void write();
    bool takeGroup(std::vector<StoreChange>& group, Mark& mark);
    void report(const sqlite::Failure& failure, Mark mark);
    void moved(const sqlite::Failure& failure, Mark mark);

    EventLoop& loop_;
    const std::string name_;
    SessionFile file_;  // the writer's, but for load()
    StoreObserver* observer_ = nullptr;
    std::vector<StoreChange> pending_;  // the loop's: of this turn
    bool willHandOver_ = false;
    TimerId clockTimer_ = 0;
    StorePosition recorded_ = 0;
    StorePosition committed_ = 0;
    std::size_t recordedBytes_ = 0;
    std::size_t committedBytes_ = 0;
    bool isFailing_ = false;
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // shared with posted reports

    std::mutex mutex_;
    std::condition_variable hasWork_;
    std::vector<StoreChange> queue_;
    Mark queued_;
    bool isStopping_ = false;
    std::thread writer_;
};

}  // namespace muster::mqtt
