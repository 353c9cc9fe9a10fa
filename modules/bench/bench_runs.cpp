#include "modules/bench/bench_runs.hpp"

#include "modules/bench/bench_fields.hpp"
#include "modules/bench/bench_measure.hpp"
#include "modules/body.hpp"

#include <muster/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::modules {
namespace {

using nlohmann::json;

constexpr std::string_view kBench = "bench";
constexpr std::chrono::seconds kTimeout{30};
constexpr std::chrono::milliseconds kBetweenRounds{15};
constexpr std::chrono::milliseconds kForRoom{1};

/// Everything that a run of any kind needs; shared by the callbacks of the run.
struct Run : std::enable_shared_from_this<Run> {
    Run(const BenchContext& context, Reply whenDone)
        : loop(context.loop),
          agent(context.agent),
          alive(context.alive),
          reply(std::move(whenDone)),
          startedAt(loop.now()),
          cpuAtStart(cpuTime()) {
        for (const ServerInfo& member : agent.servers())
            if (isServer(member)) ids.push_back(member.id);
    }
    double elapsed() const { return microseconds(loop.now() - startedAt); }
    void restart() {
        startedAt = loop.now();
        cpuAtStart = cpuTime();
    }

    EventLoop& loop;
    MasterAgent& agent;
    std::weak_ptr<bool> alive;
    Reply reply;
    std::vector<std::string> ids;
    TimePoint startedAt;
    CpuTime cpuAtStart;
    JsonText body;
    std::vector<double> times;
    std::uint64_t total = 0;
    std::uint64_t sent = 0;
    std::uint64_t done = 0;
    std::uint64_t burst = 1;
    std::string mode;
    std::optional<TimePoint> fullSince;  // the receiver's queue
};
using RunPtr = std::shared_ptr<Run>;

/// No run without members.
bool hasTargets(const Run& run) {
    if (!run.ids.empty()) return true;
    run.reply(Error(Errc::UnknownServer, "bench: no server is connected"));
    return false;
}

/// The ids named by "target", text or array, instead of all.
void useTarget(Run& run, const JsonText& message) {
    const auto body = parseObject(message);
    if (!body) return;
    const auto target = body->find("target");
    if (target == body->end() || target->is_null()) return;
    run.ids.clear();
    if (target->is_string()) run.ids.push_back(target->get<std::string>());
    if (!target->is_array()) return;
    for (const auto& item : *target)
        if (item.is_string()) run.ids.push_back(item.get<std::string>());
}

void finishRequests(Run& run, std::uint64_t inflight) {
    const double us = run.elapsed();
    const CpuTime cpu = cpuTime() - run.cpuAtStart;
    const auto total = static_cast<double>(run.total);
    json result = summary(std::move(run.times));
    result.update({{"total", run.total},
                   {"inflight", inflight},
                   {"ms", us / 1e3},
                   {"rps", total / us * 1e6},
                   {"cpu", toJson(cpu)},
                   {"cpuUsPerMsg", cpu.sum() / total}});
    run.reply(jsonText(result));
}

void nextRequest(const RunPtr& run, std::uint64_t inflight) {
    if (run->sent >= run->total) return;
    const std::uint64_t k = run->sent++;
    const TimePoint asked = run->loop.now();
    run->agent.request(
        run->ids[k % run->ids.size()], kBench, run->body,
        [run, k, asked, inflight](const Result<JsonText>&) {
            if (run->alive.expired()) return;
            run->times[k] = microseconds(run->loop.now() - asked);
            if (++run->done == run->total) return finishRequests(*run, inflight);
            nextRequest(run, inflight);
        },
        kTimeout);
}

/// One request to each member; `then` when all have answered.
void barrier(const RunPtr& run, std::function<void()> then) {
    auto missing = std::make_shared<std::size_t>(run->ids.size());
    auto shared = std::make_shared<std::function<void()>>(std::move(then));
    for (const std::string& id : run->ids)
        run->agent.request(
            id, kBench, R"({"e":1})",
            [run, missing, shared](const Result<JsonText>&) {
                if (--*missing == 0 && !run->alive.expired()) (*shared)();
            },
            kTimeout);
}

void finishFanout(Run& run) {
    const double us = run.elapsed();
    const CpuTime cpu = cpuTime() - run.cpuAtStart;
    const auto messages = static_cast<double>(run.ids.size() * run.total);
    json result = summary(std::move(run.times));
    result.update({{"N", run.ids.size()},
                   {"rounds", run.total},
                   {"mode", run.mode},
                   {"ms", us / 1e3},
                   {"msgsPerSec", messages / us * 1e6},
                   {"cpuUsPerMsg", cpu.sum() / messages}});
    run.reply(jsonText(result));
}

void fanoutRound(const RunPtr& run) {
    const TimePoint begun = run->loop.now();
    if (run->mode != "request")
        for (std::uint64_t b = 0; b < run->burst; ++b) {
            // What is not taken shows in the round's time; the barrier ends the round anyway.
            if (run->mode == "command")
                (void)run->agent.notifyCommand("enable", kBench);
            else
                (void)run->agent.notifyAll(kBench, run->body);
        }
    barrier(run, [run, begun] {
        run->times.push_back(microseconds(run->loop.now() - begun));
        if (++run->done == run->total) return finishFanout(*run);
        run->loop.post([run] {
            if (!run->alive.expired()) fanoutRound(run);
        });
    });
}

void waitForRoom(const RunPtr& run, std::uint64_t chunk, const Error& error);
void askForCount(const RunPtr& run, double sentUs);

void finishNotifies(const RunPtr& run, double sentUs, const JsonText& counted) {
    const double us = run->elapsed();
    const CpuTime cpu = cpuTime() - run->cpuAtStart;
    const auto total = static_cast<double>(run->total);
    json result{{"total", run->total},
                {"sendMs", sentUs / 1e3},
                {"ms", us / 1e3},
                {"perSec", total / us * 1e6},
                {"cpuUsPerMsg", cpu.sum() / total},
                {"got", numberOf(counted, "n", 0, UINT64_MAX)}};
    run->reply(jsonText(result));
}

void notifyChunk(const RunPtr& run, std::uint64_t chunk) {
    const std::string& target = run->ids.front();
    Result<void> taken;
    for (std::uint64_t i = 0; i < chunk && run->sent < run->total; ++i) {
        taken = run->agent.notifyById(target, kBench, run->body);
        if (!taken) break;
        ++run->sent;
        run->fullSince.reset();
    }
    if (!taken) return waitForRoom(run, chunk, taken.error());
    if (run->sent < run->total)
        return run->loop.post([run, chunk] {
            if (!run->alive.expired()) notifyChunk(run, chunk);
        });
    askForCount(run, run->elapsed());
}

/// The question goes behind the notifies: it may find the queue full, as they did.
void askForCount(const RunPtr& run, double sentUs) {
    run->agent.request(
        run->ids.front(), kBench, R"({"op":"count"})",
        [run, sentUs](const Result<JsonText>& counted) {
            if (run->alive.expired()) return;
            if (counted) return finishNotifies(run, sentUs, *counted);
            const TimePoint now = run->loop.now();
            if (!run->fullSince) run->fullSince = now;
            if (counted.error().code() != Errc::Limit || now - *run->fullSince >= kTimeout)
                return run->reply(counted.error());
            run->loop.after(kForRoom, [run, sentUs] {
                if (!run->alive.expired()) askForCount(run, sentUs);
            });
        },
        kTimeout);
}

/// A full queue is the pace of its receiver: none is lost, and none is sent twice.
void waitForRoom(const RunPtr& run, std::uint64_t chunk, const Error& error) {
    const TimePoint now = run->loop.now();
    if (!run->fullSince) run->fullSince = now;
    if (error.code() != Errc::Limit || now - *run->fullSince >= kTimeout) return run->reply(error);
    run->loop.after(kForRoom, [run, chunk] {
        if (!run->alive.expired()) notifyChunk(run, chunk);
    });
}

void notifyOnlyRound(const RunPtr& run, double cpuUs) {
    const TimePoint begun = run->loop.now();
    const CpuTime before = cpuTime();
    (void)run->agent.notifyAll(kBench, run->body);
    // The broker writes in the loop's next turn.
    run->loop.post([run, begun, before, cpuUs] {
        if (run->alive.expired()) return;
        run->times.push_back(microseconds(run->loop.now() - begun));
        const double spent = cpuUs + (cpuTime() - before).sum();
        if (++run->done < run->total) {
            run->loop.after(kBetweenRounds, [run, spent] {
                if (!run->alive.expired()) notifyOnlyRound(run, spent);
            });
            return;
        }
        json result = summary(run->times);
        const auto messages = static_cast<double>(run->ids.size() * run->total);
        result.update(
            {{"N", run->ids.size()}, {"rounds", run->total}, {"cpuUsPerMsg", spent / messages}});
        run->reply(jsonText(result));
    });
}

}  // namespace

void runRequests(const BenchContext& context, const JsonText& message, Reply reply) {
    const auto run = std::make_shared<Run>(context, std::move(reply));
    useTarget(*run, message);
    if (!hasTargets(*run)) return;
    run->total = std::max<std::uint64_t>(numberOf(message, "total", 1, kMaxTotal), 1);
    run->body = filling(numberOf(message, "size", 0, kMaxSize), true);
    run->times.resize(run->total);
    const std::uint64_t inflight =
        std::max<std::uint64_t>(numberOf(message, "inflight", 1, 10'000), 1);
    run->restart();
    for (std::uint64_t i = 0; i < std::min(inflight, run->total); ++i) nextRequest(run, inflight);
}

void runNotifies(const BenchContext& context, const JsonText& message, Reply reply) {
    const auto run = std::make_shared<Run>(context, std::move(reply));
    useTarget(*run, message);
    if (!hasTargets(*run)) return;
    run->total = std::max<std::uint64_t>(numberOf(message, "total", 1, kMaxTotal), 1);
    run->body = filling(numberOf(message, "size", 0, kMaxSize), false);
    const std::uint64_t chunk =
        std::max<std::uint64_t>(numberOf(message, "chunk", 1'000, 100'000), 1);
    run->agent.request(
        run->ids.front(), kBench, R"({"op":"reset"})",
        [run, chunk](const Result<JsonText>& result) {
            if (run->alive.expired()) return;
            if (!result) return run->reply(result.error());
            run->restart();
            notifyChunk(run, chunk);
        },
        kTimeout);
}

void runFanout(const BenchContext& context, const JsonText& message, Reply reply) {
    const auto run = std::make_shared<Run>(context, std::move(reply));
    if (!hasTargets(*run)) return;
    run->total = std::max<std::uint64_t>(numberOf(message, "rounds", 1, 100'000), 1);
    run->burst = numberOf(message, "burst", 1, 1'000);
    run->mode = peekText(message, "mode");
    run->body = filling(numberOf(message, "size", 0, kMaxSize), false);
    run->restart();
    fanoutRound(run);
}

void runNotifyOnly(const BenchContext& context, const JsonText& message, Reply reply) {
    const auto run = std::make_shared<Run>(context, std::move(reply));
    if (!hasTargets(*run)) return;
    run->total = std::max<std::uint64_t>(numberOf(message, "rounds", 20, 10'000), 1);
    run->body = filling(numberOf(message, "size", 0, kMaxSize), false);
    notifyOnlyRound(run, 0);
}

void runIssue(const BenchContext& context, const JsonText& message, const Reply& reply) {
    const auto run = std::make_shared<Run>(context, reply);
    if (!hasTargets(*run)) return;
    const std::uint64_t rounds = numberOf(message, "rounds", 1, 1'000);
    const JsonText body = filling(numberOf(message, "size", 0, kMaxSize), false);
    run->restart();
    for (std::uint64_t i = 0; i < rounds; ++i) (void)run->agent.notifyAll(kBench, body);  // timed
    reply(jsonText({{"N", run->ids.size()}, {"rounds", rounds}, {"us", run->elapsed()}}));
}

}  // namespace muster::modules
