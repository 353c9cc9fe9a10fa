#include "players_master.hpp"
#include "players_monitor.hpp"

#include <iostream>

/// Tries both halves without a cluster: what the monitor half says goes straight to the master
/// half, and an administrator asks for the total.
namespace {

/// Carries notifies of one server to the master half.
class Wire final : public muster::MonitorAgent {
public:
    Wire(std::string id, muster::MasterAgent& masterAgent, players::PlayersMaster& master)
        : masterAgent_(masterAgent), master_(master) {
        self_.id = std::move(id);
    }
    const muster::ServerInfo& self() const override { return self_; }
    void notify(std::string_view, muster::JsonText body) override {
        master_.masterHandler(masterAgent_, self_, body, [](muster::Result<muster::JsonText>) {});
    }
    void request(std::string_view, muster::JsonText body, muster::Reply done,
                 std::chrono::milliseconds) override {
        master_.masterHandler(masterAgent_, self_, body, std::move(done));
    }
    void set(std::string_view, muster::JsonText) override {}
    muster::JsonText get(std::string_view) const override { return "null"; }

private:
    muster::ServerInfo self_;
    muster::MasterAgent& masterAgent_;
    players::PlayersMaster& master_;
};

/// A master without members.
class EmptyMaster final : public muster::MasterAgent {
public:
    std::vector<muster::ServerInfo> servers() const override { return {}; }
    std::optional<muster::ServerInfo> server(std::string_view) const override { return {}; }
    void request(std::string_view, std::string_view, muster::JsonText, muster::Reply done,
                 std::chrono::milliseconds) override {
        done(muster::Errc::UnknownServer);
    }
    void requestServer(std::string_view, std::string_view, int, std::string_view, muster::JsonText,
                       muster::Reply done, std::chrono::milliseconds) override {
        done(muster::Errc::UnknownServer);
    }
    muster::Result<void> notifyById(std::string_view, std::string_view, muster::JsonText) override {
        return muster::Errc::UnknownServer;
    }
    muster::Result<void> notifyByServer(std::string_view, std::string_view, int, std::string_view,
                                        muster::JsonText) override {
        return muster::Errc::UnknownServer;
    }
    muster::Result<void> notifyByType(std::string_view, std::string_view,
                                      muster::JsonText) override {
        return muster::Errc::UnknownServer;
    }
    muster::Result<void> notifyAll(std::string_view, muster::JsonText) override { return {}; }
    muster::Result<void> notifyClient(std::string_view, std::string_view,
                                      muster::JsonText) override {
        return muster::Errc::UnknownServer;
    }
    muster::Result<void> notifyCommand(std::string_view, std::string_view) override { return {}; }
    void set(std::string_view, muster::JsonText) override {}
    muster::JsonText get(std::string_view) const override { return "null"; }
    void onMember(
        std::function<void(muster::MemberEvent, const muster::ServerInfo&)> listener) override {
        listener_ = std::move(listener);
    }
    void publishEvent(std::string_view, std::string_view, muster::JsonText) override {}
    void lose(const muster::ServerInfo& server) const {
        listener_(muster::MemberEvent::Disconnected, server);
    }

private:
    std::function<void(muster::MemberEvent, const muster::ServerInfo&)> listener_;
};

std::string totalAt(EmptyMaster& agent, players::PlayersMaster& master) {
    std::string total;
    master.clientHandler(agent, {}, "{}", [&total](muster::Result<muster::JsonText> answer) {
        total = answer ? *answer : answer.error().detail();
    });
    return total;
}

}  // namespace

int main() {
    EmptyMaster agent;
    players::PlayersMaster master;
    master.start(agent);
    players::PlayersMonitor monitor([] { return 12; });
    Wire first("area-1", agent, master), second("area-2", agent, master);
    monitor.tick(first);
    monitor.tick(second);
    const std::string both = totalAt(agent, master);
    agent.lose(first.self());
    const std::string one = totalAt(agent, master);
    std::cout << both << '\n' << one << '\n';
    const bool isRight = both == R"({"servers":{"area-1":12,"area-2":12},"total":24})" &&
                         one == R"({"servers":{"area-2":12},"total":12})";
    return isRight ? 0 : 1;
}
