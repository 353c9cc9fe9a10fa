#pragma once

#include "common/event_loop.hpp"
#include "common/process/unique_fd.hpp"
#include "keeper/cgroup.hpp"
#include "keeper/sweep.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace muster::keeper {

/// A server's life that has ended, and by what its remnants are known.
struct EndedLife {
    std::string id;
    std::string nonce;
    std::uint64_t startTicks = 0;  // what it left behind is not older; 0: not known
    Cgroup cgroup;                 // where there is one, it alone is looked at
    UniqueFd process;              // its pidfd, for its group
};

/// Finds and kills what ended lives left behind. Not blocking.
class RemnantKiller {
public:
    virtual ~RemnantKiller() = default;
    /// True without a walk over all processes: there is a cgroup, and it is empty.
    virtual bool isSurelyClean(const EndedLife& life) = 0;
    /// SIGKILL to all of them, in one walk; what was alive, by id.
    virtual std::map<std::string, std::vector<Remnant>> kill(
        const std::vector<const EndedLife*>& lives) = 0;
    /// It was seen before, and is still there.
    virtual bool isThere(const Remnant& remnant) = 0;
};

/// Sees ended lives to their very end: kills what they left behind until a look finds nothing, with
/// growing pauses; many lives that end at once cost one look. On the keeper's loop.
class Sweeper {
public:
    using Told = std::function<void(const std::string& id, SweepOutcome outcome)>;
    /// `told` is called once a life, when nothing is left of it or after Sweep::kTries looks; then
    /// once more when what remained is gone. It may begin other sweeps.
    Sweeper(EventLoop& loop, RemnantKiller& killer, Told told)
        : loop_(loop), killer_(killer), told_(std::move(told)) {}
    ~Sweeper() { loop_.cancel(timer_); }
    Sweeper(const Sweeper&) = delete;
    Sweeper& operator=(const Sweeper&) = delete;

    /// Tells within this call if the life is surely clean; otherwise after a look in this turn of
    /// the loop. An earlier sweep of the same id must be over.
    void begin(EndedLife life);

private:
    struct Entry {
        EndedLife life;
        Sweep sweep;
        TimePoint due{};
        std::vector<Remnant> alive;  // at the last look
    };
    void arm();
    void look();
    void take(const std::string& id, std::vector<Remnant> alive);

    EventLoop& loop_;
    RemnantKiller& killer_;
    Told told_;
    std::map<std::string, Entry> entries_;
    TimerId timer_ = 0;
};

}  // namespace muster::keeper
