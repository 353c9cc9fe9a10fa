#include "keeper/sweeper.hpp"

#include <algorithm>
#include <utility>

namespace muster::keeper {

using std::chrono::milliseconds;

void Sweeper::begin(EndedLife life) {
    if (killer_.isSurelyClean(life)) return told_(life.id, {});
    std::string id = life.id;
    Entry& entry = entries_[std::move(id)];
    entry = Entry{std::move(life), {}, loop_.now(), {}};
    arm();
}

void Sweeper::arm() {
    loop_.cancel(std::exchange(timer_, 0));
    if (entries_.empty()) return;
    const auto next = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& left, const auto& right) { return left.second.due < right.second.due; });
    const auto wait = std::chrono::ceil<milliseconds>(next->second.due - loop_.now());
    timer_ = loop_.after(std::max(milliseconds(0), wait), [this] {
        timer_ = 0;
        look();
    });
}

void Sweeper::look() {
    const TimePoint now = loop_.now();
    std::vector<const EndedLife*> due;
    std::vector<std::string> ids;
    for (const auto& [id, entry] : entries_) {
        if (entry.due > now) continue;
        due.push_back(&entry.life);
        ids.push_back(id);
    }
    auto found = killer_.kill(due);
    for (const std::string& id : ids) take(id, std::move(found[id]));
    arm();
}

void Sweeper::take(const std::string& id, std::vector<Remnant> alive) {
    Entry& entry = entries_.at(id);
    // One that is ending has no environment any more, but its files and sockets.
    for (const Remnant& remnant : entry.alive)
        if (std::find(alive.begin(), alive.end(), remnant) == alive.end() &&
            killer_.isThere(remnant))
            alive.push_back(remnant);
    entry.alive = std::move(alive);
    const auto next = entry.sweep.looked(entry.alive);
    const SweepOutcome outcome = entry.sweep.outcome();
    if (next.pause == milliseconds(0)) {
        entries_.erase(id);
    } else {
        // At whole multiples, so that those that wait as long are looked at together.
        const auto since = loop_.now().time_since_epoch() + next.pause;
        entry.due = TimePoint(since - since % next.pause);
        if (entry.due <= loop_.now()) entry.due += next.pause;
    }
    if (next.isTold) told_(id, outcome);
}

}  // namespace muster::keeper
