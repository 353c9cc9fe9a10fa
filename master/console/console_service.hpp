#pragma once

#include "common/event_loop.hpp"
#include "master/console/dispatcher.hpp"
#include "master/console/pull_schedule.hpp"
#include "master/console/reply_guard.hpp"

#include <muster/master.hpp>
#include <muster/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// Which modules are switched off, over restarts of the master. On the master's thread.
class ModuleSwitches {
public:
    virtual ~ModuleSwitches() = default;
    virtual bool isEnabled(std::string_view moduleId) const = 0;
    /// `done` is called once, when it is kept, or could not be.
    virtual void save(std::string_view moduleId, bool isEnabled,
                      std::function<void(Result<void>)> done) = 0;
};

struct ConsoleOptions {
    /// After it a request that its module did not answer gets Timeout.
    std::chrono::milliseconds replyDeadline = std::chrono::seconds(60);
    /// Called with each audit record, a JSON object, besides the event `admin`.
    std::function<void(const JsonText& record)> audit;
};

/// Owns the admin modules and calls their doors (pomelo-admin's lib/consoleService.js): checks
/// levels, switches modules on and off, ticks them, contains their exceptions and sees to one
/// answer per request. On the master's thread; loop, agent and switches outlive it.
class ConsoleService final : public Dispatcher {
public:
    ConsoleService(EventLoop& loop, MasterAgent& agent, ModuleSwitches& switches,
                   ConsoleOptions options);
    ~ConsoleService() override;
    ConsoleService(const ConsoleService&) = delete;
    ConsoleService& operator=(const ConsoleService&) = delete;

    /// Before start(). A second module of the same id replaces the first, in its place.
    void add(std::unique_ptr<AdminModule> module);
    /// Starts the modules in the order they were added, and their schedules. Failed names a
    /// module whose start() threw; those before it stay started until stop().
    Result<void> start();
    /// Stops them in reverse order. Idempotent.
    void stop();

    /// Switches a module on or off once that is kept, and then calls `done`: true only on a change;
    /// UnknownModule if there is none; or why it could not be kept, and it is as it was.
    void switchTo(std::string_view moduleId, bool isEnabled,
                  std::function<void(Result<bool>)> done);
    bool isEnabled(std::string_view moduleId) const;
    /// Ids in the order they were added, without those of the form __name__.
    std::vector<std::string> list() const;
    /// All ids.
    std::vector<std::string> modules() const;

    void fromMonitor(const ServerInfo& from, std::string_view moduleId, const JsonText& body,
                     Reply reply) override;
    void fromClient(const Caller& caller, std::string_view moduleId, const JsonText& body,
                    Reply reply) override;
    void command(const Caller& caller, std::string_view command, std::string_view moduleId,
                 Reply reply) override;

    /// Requests of callers who may only look that may be open at once, so that there is always room
    /// for those of administrators and servers.
    static constexpr std::size_t kMaxLookers = 1'000;
    /// Refused requests of one name that are recorded at once; then one a second. More would push
    /// other records out of the audit, and other writes out of the store's queue.
    static constexpr int kRefusalBurst = 20;

private:
    struct Entry {
        std::unique_ptr<AdminModule> module;
        bool isEnabled = true;
        bool isStarted = false;
        int saving = 0;  // switches that are not kept yet
    };
    /// What an administrator asked, for the audit.
    struct Asked {
        Caller caller;
        std::string moduleId;
        std::string command;
        JsonText body;
        std::uint64_t unrecorded = 0;  // refusals before this one
    };
    /// How many refusals of one name may still be recorded.
    struct Refusals {
        double left = kRefusalBurst;
        TimePoint at;  // when `left` was true
        std::uint64_t unrecorded = 0;
    };
    Entry* find(std::string_view moduleId);
    const Entry* find(std::string_view moduleId) const;
    Result<Entry*> door(std::string_view moduleId);
    bool apply(Entry& entry, bool isEnabled);
    Reply audited(Asked asked, Reply reply);
    Reply auditedRefusal(Asked asked, Reply reply);
    void audit(const Asked& asked, const Result<JsonText>& outcome);
    void arm();
    void tick();

    EventLoop& loop_;
    MasterAgent& agent_;
    ModuleSwitches& switches_;
    ConsoleOptions options_;
    std::vector<Entry> entries_;
    std::map<std::string, std::size_t, std::less<>> byId_;
    std::map<std::string, Refusals> refusals_;  // by names of users: as many as there are
    PullSchedule schedule_;
    TimerId timer_ = 0;
    bool isStarted_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    // Last: their destructors answer through the members above.
    ReplyGuard guard_;
    ReplyGuard lookers_;
};

}  // namespace muster
