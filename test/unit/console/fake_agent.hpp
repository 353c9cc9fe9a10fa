#pragma once

#include <muster/master.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// Collects answers: bodies as they are, errors as "code: detail".
class Answers {
public:
    Reply reply() {
        return [this](const Result<JsonText>& result) {
            texts_.push_back(result ? *result
                                    : std::string(errcName(result.error().code())) + ": " +
                                          result.error().detail());
        };
    }
    std::string last() const { return texts_.empty() ? "(none)" : texts_.back(); }
    std::size_t count() const { return texts_.size(); }
    const std::vector<std::string>& all() const { return texts_; }

private:
    std::vector<std::string> texts_;
};

/// A MasterAgent without a network: logs what modules do, keeps requests open for the test to
/// answer.
class FakeAgent final : public MasterAgent {
public:
    struct Request {
        std::string id, module, body;
        Reply done;
    };

    std::vector<ServerInfo> servers() const override {
        std::vector<ServerInfo> all;
        for (const auto& [id, server] : members) all.push_back(server);
        return all;
    }
    std::optional<ServerInfo> server(std::string_view id) const override {
        const auto found = members.find(std::string(id));
        if (found == members.end()) return std::nullopt;
        return found->second;
    }
    void request(std::string_view id, std::string_view module, JsonText body, Reply done,
                 std::chrono::milliseconds) override {
        if (!server(id)) return done(unknown(id));
        log.push_back("request " + std::string(id) + " " + std::string(module) + " " + body);
        requests.push_back(
            {std::string(id), std::string(module), std::move(body), std::move(done)});
    }
    void requestServer(std::string_view id, std::string_view, int, std::string_view module,
                       JsonText body, Reply done, std::chrono::milliseconds timeout) override {
        request(id, module, std::move(body), std::move(done), timeout);
    }
    Result<void> notifyById(std::string_view id, std::string_view module, JsonText body) override {
        if (!server(id)) return unknown(id);
        if (refusals > 0 && refusals-- > 0) return Error(Errc::Limit, "its queue is full");
        return note("notify " + std::string(id), module, body);
    }
    Result<void> notifyByServer(std::string_view id, std::string_view, int, std::string_view module,
                                JsonText body) override {
        return notifyById(id, module, std::move(body));
    }
    Result<void> notifyByType(std::string_view type, std::string_view module,
                              JsonText body) override {
        const auto all = servers();
        if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.type == type; }))
            return Error(Errc::UnknownServer, "no server of type " + std::string(type));
        return note("notifyType " + std::string(type), module, body);
    }
    Result<void> notifyAll(std::string_view module, JsonText body) override {
        if (members.empty()) return Error(Errc::UnknownServer, "no server is connected");
        return note("notifyAll", module, body);
    }
    Result<void> notifyClient(std::string_view id, std::string_view module,
                              JsonText body) override {
        return note("notifyClient " + std::string(id), module, body);
    }
    Result<void> notifyCommand(std::string_view command, std::string_view module) override {
        log.push_back("command " + std::string(command) + " " + std::string(module));
        return {};
    }
    void set(std::string_view module, JsonText value) override {
        values[std::string(module)] = std::move(value);
    }
    JsonText get(std::string_view module) const override {
        const auto found = values.find(std::string(module));
        return found == values.end() ? "null" : found->second;
    }
    void onMember(std::function<void(MemberEvent, const ServerInfo&)> listener) override {
        listeners.push_back(std::move(listener));
    }
    void publishEvent(std::string_view kind, std::string_view id, JsonText body) override {
        events.push_back(std::string(kind) + " " + std::string(id) + " " + body);
    }

    /// Makes `server` a member, or not, and tells it.
    void joins(const ServerInfo& server, MemberEvent event = MemberEvent::Registered) {
        members[server.id] = server;
        for (const auto& listener : listeners) listener(event, server);
    }
    void leaves(const std::string& id) {
        const ServerInfo server = members.at(id);
        members.erase(id);
        for (const auto& listener : listeners) listener(MemberEvent::Disconnected, server);
    }
    /// Answers the oldest open request.
    void answer(Result<JsonText> result) {
        Request request = std::move(requests.front());
        requests.pop_front();
        request.done(std::move(result));
    }

    int refusals = 0;  // notifies that are not taken
    std::map<std::string, ServerInfo> members;
    std::deque<Request> requests;
    std::vector<std::string> log;
    std::vector<std::string> events;
    std::map<std::string, JsonText> values;
    std::vector<std::function<void(MemberEvent, const ServerInfo&)>> listeners;

private:
    static Error unknown(std::string_view id) {
        return Error(Errc::UnknownServer, "unknown server id:" + std::string(id));
    }
    Result<void> note(const std::string& what, std::string_view module, const JsonText& body) {
        log.push_back(what + " " + std::string(module) + " " + body);
        return {};
    }
};

}  // namespace muster::test
