#include "modules/bench/bench_master.hpp"

#include "modules/bench/bench_fields.hpp"
#include "modules/bench/bench_measure.hpp"
#include "modules/bench/bench_runs.hpp"
#include "modules/body.hpp"

#include <muster/json.hpp>

#include <fstream>

#include <malloc.h>
#include <unistd.h>

namespace muster::modules {
namespace {

std::uint64_t countOf(const std::function<std::uint64_t()>& count) {
    return count ? count() : 0;
}

std::uint64_t residentBytes() {
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;  // proc(5), in pages
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

BenchMaster::BenchMaster(EventLoop& loop, BenchDeps deps) : loop_(loop), deps_(std::move(deps)) {}

BenchMaster::~BenchMaster() {
    alive_.reset();
}

void BenchMaster::masterHandler(MasterAgent& /*agent*/, const ServerInfo& /*from*/,
                                const JsonText& message, Reply reply) {
    if (isEcho(message)) return reply(message);
    ++notifies_;
    reply(JsonText("null"));
}

void BenchMaster::clientHandler(MasterAgent& agent, const Caller& /*caller*/,
                                const JsonText& message, Reply reply) {
    const BenchContext context{loop_, agent, alive_};
    const std::string_view op = peekText(message, "op");
    if (op == "info") return reply(info(agent));
    if (op == "reqrep") return runRequests(context, message, std::move(reply));
    if (op == "notify") return runNotifies(context, message, std::move(reply));
    if (op == "fanout") return runFanout(context, message, std::move(reply));
    if (op == "notifyOnly") return runNotifyOnly(context, message, std::move(reply));
    if (op == "issue") return runIssue(context, message, reply);
    if (op != "mcount")
        return reply(Error(Errc::BadMessage, "bench: unknown op " + std::string(op.substr(0, 64))));
    const nlohmann::json count{{"n", notifies_}};
    const auto body = parseObject(message);
    if (body && body->value("reset", nlohmann::json()) == true) notifies_ = 0;
    reply(jsonText(count));
}

JsonText BenchMaster::info(MasterAgent& agent) const {
    const CpuTime cpu = cpuTime();
    const nlohmann::json figures{{"pid", ::getpid()},
                                 {"rss", residentBytes()},
                                 {"heapUsed", ::mallinfo2().uordblks},
                                 {"external", 0},
                                 {"cpu", {{"user", cpu.userUs}, {"system", cpu.systemUs}}},
                                 {"monitors", agent.servers().size()},
                                 {"clients", countOf(deps_.clients)},
                                 {"sockets", countOf(deps_.sockets)},
                                 {"pending", countOf(deps_.pending)},
                                 {"qos", 0},
                                 {"slaves", 0}};
    return jsonText(figures);
}

}  // namespace muster::modules
