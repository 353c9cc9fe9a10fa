#include "common/process/unix_address.hpp"
#include "test/integration/process/process_fixture.hpp"
#include "test/support/send_signal.hpp"

#include <filesystem>
#include <set>

#include <sys/socket.h>

namespace muster::test {

class Keeper : public ProcessTest {};

TEST_F(Keeper, StartsAServerInASessionOfItsOwn) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child) << child.error().detail();
    EXPECT_EQ(readProcStat(child->pid)->session, child->pid);
    EXPECT_EQ(readProcStat(child->pid)->parent, keeperPid());
}

TEST_F(Keeper, GivesAServerNoFileDescriptorButItsThree) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child);
    std::set<std::string> fds;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(child->pid) + "/fd"))
        fds.insert(entry.path().filename());
    EXPECT_EQ(fds, (std::set<std::string>{"0", "1", "2"}));
}

TEST_F(Keeper, TellsHowAServerEnded) {
    startKeeper();
    attach();
    ASSERT_TRUE(spawn(request("one", {"exit", "7"})));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->isKnown);
    EXPECT_EQ(exit->code, 7);
    EXPECT_EQ(exit->signal, 0);
}

TEST_F(Keeper, RemembersAnExitUntilItIsForgotten) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child);
    link_.reset();
    sendSignal(child->pid, SIGKILL);
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return !readProcStat(child->pid); }));
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    ASSERT_TRUE(attached_.front().exit);
    EXPECT_EQ(attached_.front().exit->signal, SIGKILL);
}

TEST_F(Keeper, SaysWhichStepOfAStartFailed) {
    startKeeper();
    attach();
    auto missing = request("one", {});
    missing.argv = {"/no/such/program"};
    const auto noProgram = spawn(missing);
    ASSERT_FALSE(noProgram);
    EXPECT_EQ(noProgram.error().detail(), "exec /no/such/program: No such file or directory");
    auto nowhere = request("one", {});
    nowhere.cwd = "/no/such/directory";
    const auto noDirectory = spawn(nowhere);
    ASSERT_FALSE(noDirectory);
    EXPECT_EQ(noDirectory.error().detail(),
              "enter directory /no/such/directory: No such file or directory");
}

TEST_F(Keeper, RefusesASecondProcessOfOneId) {
    startKeeper();
    attach();
    ASSERT_TRUE(spawn(request("one", {"sleep"})));
    const auto second = spawn(request("one", {"sleep"}));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::Conflict);
}

TEST_F(Keeper, RefusesToSignalAnotherLifeOfTheId) {
    startKeeper();
    attach();
    auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child);
    child->nonce = wire::makeNonce();
    EXPECT_FALSE(signal(*child, SIGKILL));
}

TEST_F(Keeper, KeepsWhatAServerPrints) {
    startKeeper();
    attach();
    auto printing = request("one", {"print", "20000"});
    printing.readyPattern = "line 19999";
    ASSERT_TRUE(spawn(printing));
    ASSERT_TRUE(runUntil([&] { return !events_.empty(); }));
    EXPECT_EQ(events_.front().kind, keeper::Event::Kind::Matched);
    const std::string text = log("one.stdout");
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20000);
}

TEST_F(Keeper, SweepsGrandchildrenInTheirOwnSessions) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"fork"}));
    ASSERT_TRUE(child);
    ASSERT_TRUE(eventually(std::chrono::seconds(10),
                           [&] { return findByNonce(child->nonce).size() == 2; }));
    ASSERT_TRUE(signal(*child, SIGKILL));
    ASSERT_TRUE(waitForExit("one"));
    std::optional<bool> isSwept;
    link_->sweep("one", child->nonce, [&](auto count) { isSwept = bool(count); });
    ASSERT_TRUE(runUntil([&] { return isSwept.has_value(); }));
    EXPECT_TRUE(
        eventually(std::chrono::seconds(5), [&] { return findByNonce(child->nonce).empty(); }));
}

TEST_F(Keeper, ANewKeeperAdoptsTheServersOfAKilledOne) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"chatter"}));
    ASSERT_TRUE(child);
    link_.reset();
    killKeeper();
    const auto before = log("one.stdout").size();
    startKeeper();
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    EXPECT_EQ(attached_.front().pid, child->pid);
    EXPECT_TRUE(attached_.front().isAdopted);
    EXPECT_TRUE(isRunning({child->pid, child->startTicks, currentBootId(), child->nonce}));
    EXPECT_TRUE(
        eventually(std::chrono::seconds(10), [&] { return log("one.stdout").size() > before; }));
    EXPECT_TRUE(signal(attached_.front(), SIGKILL));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_FALSE(exit->isKnown);
}

TEST_F(Keeper, ASecondOneOfTheSameDirectoryDoesNotStart) {
    startKeeper();
    const pid_t first = keeperPid();
    startKeeper();
    EXPECT_EQ(keeperPid(), first);
}

TEST_F(Keeper, ClosesAConnectionThatSendsNoFrames) {
    startKeeper();
    attach();
    const UnixAddress address(state(), keeper::kSocketFile);
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket.get(), address.get(), address.size()), 0);
    ASSERT_EQ(::send(socket.get(), "GET / HTTP/1.1\r\n", 16, 0), 16);
    char byte = 0;
    EXPECT_EQ(::read(socket.get(), &byte, 1), 0);
    EXPECT_TRUE(spawn(request("one", {"sleep"})));
}

TEST_F(Keeper, DoesNotEndWhileServersRun) {
    startKeeper();
    attach();
    ASSERT_TRUE(spawn(request("one", {"sleep"})));
    const auto refused = keeper::shutDownKeeper(state());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::Conflict);
}

TEST_F(Keeper, RestartsTheNode) {
    startKeeper({CHILD_PROGRAM, "sleep"});
    ASSERT_TRUE(eventually(std::chrono::seconds(10),
                           [&] { return recordedPid("muster-node").has_value(); }));
    const pid_t first = *recordedPid("muster-node");
    sendSignal(first, SIGKILL);
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] {
        const auto now = recordedPid("muster-node");
        return now && *now != first;
    }));
    EXPECT_TRUE(keeper::shutDownKeeper(state()));
    EXPECT_FALSE(recordedPid("muster-node"));
}

TEST_F(Keeper, EndsWithItsNodeWhenItIsToldToAndLeavesServersRunning) {
    for (const int signal : {SIGTERM, SIGINT}) {
        startKeeper({CHILD_PROGRAM, "sleep"});
        attach();
        bool isTold = false;
        link_->onEnding([&] { isTold = true; });
        const auto server = spawn(request("one", {"sleep"}));
        ASSERT_TRUE(server) << server.error().detail();
        const pid_t keeper = keeperPid();
        const pid_t node = *recordedPid("muster-node");
        sendSignal(keeper, signal);
        EXPECT_TRUE(runUntil([&] { return isGone(keeper) && isGone(node); }));
        EXPECT_TRUE(runUntil([&] { return isTold; }));
        EXPECT_FALSE(isGone(server->pid));
        link_.reset();
        // The next one finds the server, and starts a node.
        startKeeper({CHILD_PROGRAM, "sleep"});
        EXPECT_EQ(recordedPid("one"), server->pid);
        EXPECT_NE(recordedPid("muster-node"), node);
        killKeeper();
        for (const char* id : {"one", "muster-node"}) {
            const pid_t pid = *recordedPid(id);
            sendSignal(pid, SIGKILL);
            ASSERT_TRUE(runUntil([&] { return isGone(pid); }));
        }
    }
}

}  // namespace muster::test
