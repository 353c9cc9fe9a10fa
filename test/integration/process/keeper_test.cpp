#include "common/process/unix_address.hpp"
#include "test/integration/process/process_fixture.hpp"
#include "test/support/free_port.hpp"
#include "test/support/send_signal.hpp"

#include <filesystem>
#include <set>
#include <sstream>

#include <netinet/in.h>
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

TEST_F(Keeper, TellsTheLastWordsOfAServerWithItsExit) {
    startKeeper();
    attach();
    ASSERT_TRUE(spawn(request("one", {"complain"})));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 3);
    EXPECT_EQ(exit->lastLines, (std::vector<std::string>{"Error: no database",
                                                         "    at \\x1b[31mstart", "Goodbye v1.0"}));
}

TEST_F(Keeper, GivesTheNextLifeNoWordsOfTheOneBefore) {
    startKeeper();
    attach();
    ASSERT_TRUE(spawn(request("one", {"complain"})));
    ASSERT_TRUE(waitForExit("one"));
    events_.clear();
    ASSERT_TRUE(spawn(request("one", {"exit", "4"})));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 4);
    EXPECT_TRUE(exit->lastLines.empty());
}

/// What the first byte is that a client of 127.0.0.1:`port` gets; 0: refused.
char firstByteAt(int port) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval wait{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return 0;
    char byte = 0;
    return ::recv(socket.get(), &byte, 1, 0) == 1 ? byte : '?';
}

TEST_F(Keeper, KeepsTheSocketOfAServerOverItsRestart) {
    startKeeper();
    attach();
    const int port = freePort();
    auto serving = request("one", {"serve", "a"});
    serving.settings.sockets = {"127.0.0.1:" + std::to_string(port)};
    const auto first = spawn(serving);
    ASSERT_TRUE(first) << first.error().detail();
    EXPECT_EQ(firstByteAt(port), 'a');
    ASSERT_TRUE(signal(*first, SIGKILL));
    ASSERT_TRUE(waitForExit("one"));
    char answer = 0;
    std::thread client([&] { answer = firstByteAt(port); });  // waits in the queue
    auto next = request("one", {"serve", "b"});
    next.settings.sockets = serving.settings.sockets;
    const auto second = spawn(next);
    client.join();
    ASSERT_TRUE(second) << second.error().detail();
    EXPECT_EQ(answer, 'b');
}

TEST_F(Keeper, TakesTheSocketOverFromAServerOfAKilledKeeper) {
    startKeeper();
    attach();
    const int port = freePort();
    auto serving = request("one", {"serve", "a"});
    serving.settings.sockets = {"127.0.0.1:" + std::to_string(port)};
    ASSERT_TRUE(spawn(serving));
    link_.reset();
    killKeeper();
    startKeeper();
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    ASSERT_TRUE(signal(attached_.front(), SIGKILL));
    ASSERT_TRUE(waitForExit("one"));
    auto next = request("one", {"serve", "b"});
    next.settings.sockets = serving.settings.sockets;
    ASSERT_TRUE(spawn(next));
    EXPECT_EQ(firstByteAt(port), 'b');
}

TEST_F(Keeper, ClosesTheSocketOfAServerThatIsNotToComeBack) {
    startKeeper();
    attach();
    const int port = freePort();
    auto serving = request("one", {"serve", "a"});
    serving.settings.sockets = {"127.0.0.1:" + std::to_string(port)};
    const auto child = spawn(serving);
    ASSERT_TRUE(child);
    ASSERT_TRUE(signal(*child, SIGKILL));
    ASSERT_TRUE(waitForExit("one"));
    link_->release("one", child->nonce);
    EXPECT_TRUE(runUntil([&] { return !accepts(port); }));
}

TEST_F(Keeper, SaysWhichAddressItCannotListenAt) {
    startKeeper();
    attach();
    auto serving = request("one", {"serve", "a"});
    serving.settings.sockets = {"192.0.2.1:3010"};
    const auto child = spawn(serving);
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().detail(), "listen 192.0.2.1:3010: Cannot assign requested address");
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

TEST_F(Keeper, SweepsWhatCarriesTheNonceOfARunningServerOnRequest) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"fork"}));
    ASSERT_TRUE(child);
    ASSERT_TRUE(eventually(std::chrono::seconds(10),
                           [&] { return findByNonce(child->nonce).size() == 2; }));
    std::optional<int> killed;
    link_->sweep("one", child->nonce, [&](auto count) { killed = count ? *count : -1; });
    ASSERT_TRUE(runUntil([&] { return killed.has_value(); }));
    EXPECT_EQ(*killed, 2);
    ASSERT_TRUE(waitForExit("one"));
    EXPECT_TRUE(findByNonce(child->nonce).empty());
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

TEST_F(Keeper, ExecutesAnotherProgramInItsPlaceAndLosesNoLine) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"chatter"}));
    ASSERT_TRUE(child);
    const pid_t keeper = keeperPid();
    for (int round = 0; round < 5; ++round) {
        const auto size = log("one.stdout").size();
        const auto upgraded = keeper::upgradeKeeper(state(), KEEPER_PROGRAM);
        ASSERT_TRUE(upgraded) << upgraded.error().detail();
        EXPECT_TRUE(
            eventually(std::chrono::seconds(10), [&] { return log("one.stdout").size() > size; }));
    }
    EXPECT_EQ(keeperPid(), keeper);
    link_.reset();
    attach();
    ASSERT_EQ(attached_.size(), 1U);
    EXPECT_EQ(attached_.front().pid, child->pid);
    EXPECT_FALSE(attached_.front().isAdopted);
    ASSERT_TRUE(signal(attached_.front(), SIGKILL));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->isKnown);
    EXPECT_EQ(exit->signal, SIGKILL);
    std::istringstream lines(log("one.stdout"));
    int count = 0;
    for (std::string line; std::getline(lines, line) && !lines.eof(); ++count)
        ASSERT_EQ(line, "line " + std::to_string(count));
    EXPECT_GT(count, 10);
}

TEST_F(Keeper, KnowsHowAServerEndedWhileItExecutedAnotherProgram) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child);
    const pid_t keeper = keeperPid();
    std::thread upgrade([&] { EXPECT_TRUE(keeper::upgradeKeeper(state(), KEEPER_PROGRAM)); });
    sendSignal(child->pid, SIGKILL);
    upgrade.join();
    link_.reset();
    events_.clear();
    attach();
    ASSERT_TRUE(runUntil([&] { return !events_.empty() || attached_.front().exit; }));
    const auto exit = attached_.front().exit ? attached_.front().exit : waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->isKnown);
    EXPECT_EQ(exit->signal, SIGKILL);
    EXPECT_EQ(keeperPid(), keeper);
}

TEST_F(Keeper, GoesOnAsItWasWhenTheOtherProgramIsNone) {
    startKeeper();
    attach();
    const auto child = spawn(request("one", {"sleep"}));
    ASSERT_TRUE(child);
    EXPECT_FALSE(keeper::upgradeKeeper(state(), "/no/such/program"));
    EXPECT_FALSE(keeper::upgradeKeeper(state(), "/etc", std::chrono::milliseconds(300)));
    EXPECT_TRUE(signal(*child, SIGKILL));
    const auto exit = waitForExit("one");
    ASSERT_TRUE(exit);
    EXPECT_TRUE(exit->isKnown);
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
