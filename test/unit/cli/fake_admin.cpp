#include "test/unit/cli/fake_admin.hpp"

#include <muster/json.hpp>

namespace muster::test {
namespace {

class FakeAdmin final : public cli::Admin {
public:
    explicit FakeAdmin(ScriptedMaster& master) : master_(master) {}
    Result<JsonText> request(std::string_view, JsonText body, std::chrono::milliseconds) override {
        const auto parsed = parseJson(body);
        return master_.answer(parsed ? parsed->value("op", "") : "", body);
    }
    Result<JsonText> command(std::string_view command, std::string_view moduleId) override {
        return master_.answer(std::string(command), std::string(moduleId));
    }
    Result<void> subscribe(std::string_view,
                           std::function<void(const AdminMessage&)> onMessage) override {
        master_.deliver(onMessage);
        return {};
    }

private:
    ScriptedMaster& master_;
};

}  // namespace

Result<std::unique_ptr<cli::Admin>> ScriptedMaster::connect(const cli::Endpoint& endpoint,
                                                            std::function<void()> onClosed) {
    endpoint_ = endpoint;
    if (refusal_) return *refusal_;
    if (isLost_ && onClosed) onClosed();
    return std::unique_ptr<cli::Admin>(std::make_unique<FakeAdmin>(*this));
}

Result<JsonText> ScriptedMaster::answer(const std::string& op, const std::string& body) {
    if (onRequest) onRequest();
    requests_.push_back(body);
    auto found = answers_.find(op);
    if (found == answers_.end()) return Error(Errc::Failed, "no answer prepared for " + op);
    auto& queue = found->second;
    Result<JsonText> answer = queue.front();
    if (queue.size() > 1) queue.erase(queue.begin());
    return answer;
}

int Shell::run(std::vector<std::string> words) {
    std::ostringstream outText, errText;
    cli::Hooks hooks;
    hooks.out = &outText;
    if (isOutClosed) outText.setstate(std::ios::badbit);
    hooks.err = &errText;
    hooks.terminal = terminal;
    hooks.connect = [this](const cli::Endpoint& endpoint, std::function<void()> onClosed) {
        return master.connect(endpoint, std::move(onClosed));
    };
    if (canRunMaster) {
        hooks.runMaster = [this](const cli::StartRequest& request) {
            started.push_back(request);
            if (isFaster) isFaster();
            return isFaster ? std::nullopt : std::optional<int>(0);
        };
    }
    hooks.ask = [this](std::string_view, bool) { return typed; };
    hooks.pause = [this](std::chrono::milliseconds span) { now += span; };
    hooks.now = [this] { return now; };
    hooks.environment = [this](const char* name) { return environment[name]; };
    std::vector<const char*> argv{"muster"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    const int code = cli::runCli(static_cast<int>(argv.size()), argv.data(), hooks);
    out = outText.str();
    err = errText.str();
    return code;
}

std::string serverRow(const std::string& id, const std::string& type, const std::string& state,
                      const std::string& more) {
    nlohmann::json row{{"id", id},       {"type", type},        {"host", "127.0.0.1"},
                       {"state", state}, {"managed", true},     {"ready", state == "ready"},
                       {"port", 6050},   {"desired", "running"}};
    if (!more.empty()) row.update(nlohmann::json::parse(more));
    return jsonText(row);
}

std::string serverList(const std::vector<std::string>& rows) {
    nlohmann::json list{{"cluster", "chat"}, {"leader", {{"id", "m1"}, {"epoch", 7}}}};
    list["servers"] = nlohmann::json::array();
    for (const std::string& row : rows) list["servers"].push_back(nlohmann::json::parse(row));
    return jsonText(list);
}

std::string results(const std::vector<std::pair<std::string, std::string>>& outcomes) {
    nlohmann::json answer{{"results", nlohmann::json::array()}};
    for (const auto& [id, outcome] : outcomes) {
        answer["results"].push_back({{"id", id}, {"outcome", outcome}, {"detail", "because"}});
    }
    return jsonText(answer);
}

}  // namespace muster::test
