#pragma once

#include "console/cli.hpp"

#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// A master as the command line sees it: answers what the test prepared, remembers what was asked.
class ScriptedMaster {
public:
    /// Answers the n-th request of `op` (or command) with the n-th answer; the last one stays.
    void answers(const std::string& op, Result<JsonText> answer) { answers_[op].push_back(answer); }
    void refuses(Error error) { refusal_ = std::move(error); }
    void listens() { refusal_.reset(); }
    /// Events that a subscriber gets at once.
    void hasEvent(std::string topic, std::string payload) {
        events_.push_back({std::move(topic), std::move(payload), false});
    }
    const std::vector<std::string>& requests() const { return requests_; }
    const cli::Endpoint& endpoint() const { return endpoint_; }

    Result<std::unique_ptr<cli::Admin>> connect(const cli::Endpoint& endpoint,
                                                std::function<void()> onClosed);
    Result<JsonText> answer(const std::string& op, const std::string& body);
    void deliver(const std::function<void(const AdminMessage&)>& onMessage) const {
        for (const AdminMessage& event : events_) onMessage(event);
    }
    void losesConnections() { isLost_ = true; }
    std::function<void()> onRequest;  // before each answer

private:
    std::map<std::string, std::vector<Result<JsonText>>> answers_;
    std::optional<Error> refusal_;
    std::vector<AdminMessage> events_;
    std::vector<std::string> requests_;
    cli::Endpoint endpoint_;
    bool isLost_ = false;
};

/// Runs command lines against a ScriptedMaster and keeps what they print.
struct Shell {
    ScriptedMaster master;
    std::string out, err;
    cli::Terminal terminal;  // a pipe, unless a test says otherwise
    std::map<std::string, std::string> environment;
    std::optional<std::string> typed;  // what a person answers; none: nobody there
    std::vector<cli::StartRequest> started;
    bool canRunMaster = true;
    std::function<void()> isFaster;  // what another master does that leads already; none: none does
    bool isOutClosed = false;        // nobody reads stdout
    std::chrono::steady_clock::time_point now{};  // moves while a command pauses

    int run(std::vector<std::string> words);
};

/// A row of the supervisor's list.
std::string serverRow(const std::string& id, const std::string& type, const std::string& state,
                      const std::string& more = "");
/// The answer to {"op":"list"}.
std::string serverList(const std::vector<std::string>& rows);
/// The answer to start, stop, ...: pairs of id and outcome.
std::string results(const std::vector<std::pair<std::string, std::string>>& outcomes);

}  // namespace muster::test
