#pragma once

#include "common/event_loop.hpp"

#include <muster/master.hpp>

#include <memory>

namespace muster::modules {

/// What a run works with. `alive` expires when agent or loop are going away.
struct BenchContext {
    EventLoop& loop;
    MasterAgent& agent;
    std::weak_ptr<bool> alive;
};

/// {total, inflight, size, target?}: requests over all members in turn.
void runRequests(const BenchContext& context, const JsonText& message, Reply reply);
/// {total, size, chunk, target?}: notifies to one member, and proof that they arrived.
void runNotifies(const BenchContext& context, const JsonText& message, Reply reply);
/// {rounds, mode: request | notifyAll | command, burst, size}: rounds over all members.
void runFanout(const BenchContext& context, const JsonText& message, Reply reply);
/// {rounds, size}: rounds of notifyAll alone, 15 ms apart.
void runNotifyOnly(const BenchContext& context, const JsonText& message, Reply reply);
/// {rounds, size}: the synchronous cost of notifyAll.
void runIssue(const BenchContext& context, const JsonText& message, const Reply& reply);

}  // namespace muster::modules
