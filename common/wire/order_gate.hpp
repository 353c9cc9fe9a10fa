#pragma once

#include "common/wire/envelope.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace muster::wire {

/// The receiver's side of orders: refuses lower epochs and foreign clusters, executes an id once,
/// remembers outcomes. Pure; owned by one monitor or node, on its loop. Remembers the last 10 000
/// ids (at least until their deadlines).
class OrderGate {
public:
    enum class Verdict {
        Execute,     // new and acceptable: execute it, then call finished()
        Repeat,      // already finished: send `answer` again
        InProgress,  // being executed: its answer will come
        Refuse       // send `answer` (Conflict or Expired)
    };
    struct Decision {
        Verdict verdict;
        Answer answer;
    };

    explicit OrderGate(std::string incarnation) : incarnation_(std::move(incarnation)) {}
    /// What the leader record says, before anything is accepted. A lower epoch of the same cluster
    /// is ignored; another clusterUid is Conflict until reset().
    Result<void> learnLeader(std::int64_t epoch, std::string_view clusterUid);
    Decision decide(const OrderTag& order, WallTime now);
    void finished(const std::string& orderId, Answer answer);
    /// An explicit reset by a person: the next leader record is accepted whatever it is.
    void reset();
    std::int64_t epoch() const { return epoch_; }
    const std::string& clusterUid() const { return clusterUid_; }

private:
    struct Entry {
        bool isFinished = false;
        Answer answer;
        WallTime deadline;
    };
    std::string incarnation_;
    std::int64_t epoch_ = 0;
    std::string clusterUid_;
    std::unordered_map<std::string, Entry> orders_;
    std::deque<std::string> ages_;
};

}  // namespace muster::wire
