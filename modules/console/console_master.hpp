#pragma once

#include "modules/console/cron_store.hpp"
#include "modules/console/server_control.hpp"
#include "modules/gather.hpp"

#include <muster/master.hpp>

#include <chrono>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// What the console module needs of the master around it. All outlive the module.
struct ConsoleDeps {
    ServerControl* control = nullptr;  // null: no server is managed
    CronStore* crons = nullptr;        // null: crons are not kept
    std::function<std::time_t()> now;  // wall clock, for the next times of crons
    /// After `stop` or `kill` of everything was answered, and nothing remained: pomelo's master
    /// ends then. May be empty.
    std::function<void()> onStoppedAll;
    /// The master's own line in `list`; an empty id: it has none.
    ServerInfo self = {};
};

/// The console's master half (pomelo's `__console__`, pomelo lib/modules/console.js). Managed
/// servers are handled through ServerControl, others by messages to their monitors. Bodies of
/// clients, {"signal": ...}:
///   list -> {"msg":{id:{serverId,serverType,pid,rss,heapTotal,heapUsed,uptime}}}: MiB, minutes;
///   the
///     master itself is one of them
///   stop {ids} -> {"status":"part"|"all","results":[{id,outcome,detail}]}; no ids: all
///   restart {ids,type} -> ids that were not restarted; neither: all
///   kill {ids} -> {"code":"ok"} or {"code":"remained","serverIds":[...]}; no ids: all
///   add {args:["key=value"...]} -> {"status":"ok","ids":[...]}
///   addCron, removeCron {args} -> {"status":"ok"};  listCrons -> {"crons":[{...,next}]}
///   blacklist {args:[IPv4...]} -> {"status":"ok"}
/// list and listCrons need level 2, the rest level 1.
class ConsoleMaster final : public AdminModule {
public:
    explicit ConsoleMaster(ConsoleDeps deps) : deps_(std::move(deps)) {}
    ~ConsoleMaster() override;

    std::string_view id() const override { return "__console__"; }
    int requiredLevel(const JsonText& message) const override;
    void start(MasterAgent& agent) override;
    void clientHandler(MasterAgent& agent, const Caller& caller, const JsonText& message,
                       Reply reply) override;

private:
    struct Split {
        std::vector<std::string> managed;
        std::vector<std::string> unmanaged;
        std::vector<std::string> unknown;
    };
    /// What a `kill` still has to do.
    struct Killing {
        std::vector<std::string> unmanaged;
        std::vector<std::string> remained;  // were not killed, or are not known
        bool isAll;
    };
    using Outcomes = std::vector<ServerOutcome>;

    void list(MasterAgent& agent, Reply reply) const;
    void blacklist(MasterAgent& agent, const std::vector<std::string>& args, const Reply& reply);
    void stopServers(MasterAgent& agent, const std::vector<std::string>& ids, Reply reply);
    void answerStop(const Outcomes& outcomes, bool isAll, const Reply& reply);
    void restart(MasterAgent& agent, const std::vector<std::string>& ids, const std::string& type,
                 Reply reply);
    void kill(MasterAgent& agent, const std::vector<std::string>& ids, Reply reply);
    void killUnmanaged(MasterAgent& agent, Killing killing, Reply reply) const;
    void add(const std::vector<std::string>& args, const Reply& reply);
    void addCron(MasterAgent& agent, const std::vector<std::string>& args, const Reply& reply);
    void removeCron(MasterAgent& agent, const std::vector<std::string>& args, const Reply& reply);
    void listCrons(const Reply& reply) const;
    Split split(MasterAgent& agent, const std::vector<std::string>& ids) const;
    bool isManaged(const std::string& id) const;

    ConsoleDeps deps_;
    SharedAnswers lists_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace muster::modules
