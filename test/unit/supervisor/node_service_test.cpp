#include "modules/supervisor/node_service.hpp"

#include "test/support/manual_loop.hpp"
#include "test/support/temp_dir.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace muster::supervisor {

using keeper::ChildState;
using muster::test::ManualLoop;
using muster::test::TempDir;
using State = ServerState;

/// A node with a keeper of the test's: it holds what `children` says, and answers at once.
class NodeServiceTest : public testing::Test, public KeeperPort {
protected:
    NodeServiceTest() { makeNode(); }

    void makeNode() {
        node_.reset();
        NodeServiceOptions options;
        options.stateDirectory = directory_.str();
        node_ = std::make_unique<NodeService>(
            loop_, options, [](const auto&, auto) { return std::unique_ptr<Probe>(); },
            [](const auto&, auto) { return std::unique_ptr<Probe>(); });
        EXPECT_TRUE(node_->start(*this, {}));
    }
    void order(const std::string& op) {
        ServerSpec spec;
        spec.id = "one";
        spec.type = "chat";
        spec.argv = {"chat"};
        spec.readiness.kind = config::Readiness::Kind::Start;
        node_->handle(R"({"op":")" + op + R"(","server":)" + encode(spec) + "}",
                      [this](auto answer) { answer_ = std::move(answer); });
        loop_.run();
    }
    void attach() {
        isAttached_ = true;
        node_->onAttached(children_);
        loop_.run();
    }
    void hold(const std::string& nonce, pid_t pid) {
        ChildState child;
        child.id = "one";
        child.nonce = nonce;
        child.pid = pid;
        child.startedMs = 1;
        children_ = {child};
    }
    ServerStatus snapshotOf(const std::string& id) {
        std::optional<Result<JsonText>> answer;
        node_->handle(R"({"op":"snapshot"})", [&](auto given) { answer = std::move(given); });
        const auto report = decodeReport(**answer);
        for (const auto& status : report->servers)
            if (status.id == id) return status;
        return {};
    }
    State state() const { return node_->status("one") ? node_->status("one")->state : State::Lost; }

    void spawn(keeper::SpawnRequest request, SpawnReply done) override {
        if (!isAttached_) return later(std::move(done), Error(Errc::Closed));
        if (!children_.empty() && !children_.front().exit)
            return later(std::move(done), Error(Errc::Conflict, "one is running already"));
        ++spawns_;
        hold(request.nonce, 100 + spawns_);
        later(std::move(done), children_.front());
    }
    void list(ListReply done) override {
        if (endsBeforeList_) children_.front().exit = keeper::ExitStatus{};
        later(std::move(done), children_);
    }
    void signal(const std::string&, const std::string&, int signal, Done done) override {
        signals_.push_back(signal);
        later(std::move(done), 0);
    }
    void sweep(const std::string&, const std::string&, Done done) override {
        later(std::move(done), 0);
    }
    void forget(const std::string&, const std::string&, Done done) override {
        children_.clear();
        later(std::move(done), 0);
    }

    template <class Callback, class Answer>
    void later(Callback done, Answer answer) {
        loop_.post([done = std::move(done), answer = std::move(answer)] { done(answer); });
    }

    ManualLoop loop_;
    TempDir directory_;
    bool isAttached_ = false;
    bool endsBeforeList_ = false;
    std::vector<ChildState> children_;
    int spawns_ = 0;
    std::vector<int> signals_;
    std::unique_ptr<NodeService> node_;
    std::optional<Result<JsonText>> answer_;
};

TEST_F(NodeServiceTest, StartsOnceWhatWasOrderedBeforeItHadAKeeper) {
    order("start");
    EXPECT_EQ(state(), State::Adopting);
    attach();
    EXPECT_EQ(spawns_, 1);
    EXPECT_EQ(state(), State::Ready);
    ASSERT_TRUE(answer_);
    EXPECT_TRUE(*answer_) << answer_->error().detail();
}

// A start that an earlier node sent in its last moment is carried out after its successor was told
// that there is no such process.
TEST_F(NodeServiceTest, AdoptsTheProcessThatTheKeeperSaysRunsAlready) {
    attach();
    hold("nonce-of-another-start", 77);
    order("start");
    EXPECT_EQ(state(), State::Ready);
    ASSERT_NE(node_->status("one"), nullptr);
    EXPECT_EQ(node_->status("one")->pid, 77);
    ASSERT_TRUE(answer_);
    EXPECT_TRUE(*answer_) << answer_->error().detail();
}

TEST_F(NodeServiceTest, StartsAnewWhenTheProcessInTheWayHasEndedMeanwhile) {
    attach();
    hold("nonce-of-another-start", 77);
    endsBeforeList_ = true;
    order("start");
    EXPECT_EQ(spawns_, 1);
    EXPECT_EQ(state(), State::Ready);
}

TEST_F(NodeServiceTest, SaysWhatAProcessWasStartedWithThoughItIsToldOtherwiseMeanwhile) {
    attach();
    order("start");
    const std::string spec = snapshotOf("one").spec;
    const std::string policy = snapshotOf("one").policy;
    EXPECT_EQ(spec.size(), 16U);
    node_->handle(
        R"({"op":"update","server":{"id":"one","type":"chat","argv":["other"],"stop":{"signal":2}}})",
        [this](auto answer) { answer_ = std::move(answer); });
    EXPECT_TRUE(*answer_);
    EXPECT_EQ(snapshotOf("one").spec, spec);
    EXPECT_NE(snapshotOf("one").policy, policy);
    makeNode();
    attach();
    EXPECT_EQ(snapshotOf("one").pid, 101);
    EXPECT_EQ(snapshotOf("one").spec, spec);
}

TEST_F(NodeServiceTest, TellsThePartsOfASpecButNotWhatStandsThere) {
    attach();
    order("start");
    node_->handle(R"({"op":"specs","ids":["one","two",7]})",
                  [this](auto answer) { answer_ = std::move(answer); });
    ASSERT_TRUE(*answer_);
    EXPECT_NE((*answer_)->find(R"("argv":")"), std::string::npos);
    EXPECT_EQ((*answer_)->find(R"("chat")"), std::string::npos);
}

}  // namespace muster::supervisor
