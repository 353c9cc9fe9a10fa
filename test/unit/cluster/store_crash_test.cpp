#include "test/support/send_signal.hpp"
#include "test/unit/cluster/store_case.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster {
namespace {

/// The child: commits numbers without end, and writes each to `out` once it is acknowledged.
[[noreturn]] void commitForEver(const std::string& file, int from, int out) {
    test::ManualLoop loop;
    auto store = SqliteStore::open(loop, file, false);
    if (!store) _exit(1);
    int next = from;
    int inFlight = 0;
    while (true) {
        for (; inFlight < 20; ++inFlight) {
            const int number = next++;
            Transaction transaction;
            transaction.puts.push_back({"n/" + std::to_string(number), std::to_string(number)});
            (*store)->commit(std::move(transaction), [&inFlight, number, out](auto result) {
                --inFlight;
                if (!result || ::write(out, &number, sizeof number) != sizeof number) _exit(2);
            });
        }
        loop.run();
        ::poll(nullptr, 0, 0);
    }
}

/// Kills a child that commits after it acknowledged `count` commits; what it acknowledged.
std::vector<int> acknowledgedBeforeKill(const std::string& file, int from, std::size_t count) {
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        commitForEver(file, from, ends[1]);
    }
    ::close(ends[1]);
    std::vector<int> acknowledged;
    int number = 0;
    while (acknowledged.size() < count && ::read(ends[0], &number, sizeof number) == sizeof number)
        acknowledged.push_back(number);
    test::sendSignal(child, SIGKILL);
    while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged.push_back(number);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    return acknowledged;
}

using StoreCrash = test::StoreCase;

TEST_F(StoreCrash, LosesNothingThatWasAcknowledgedByAKilledProcess) {
    int from = 0;
    std::set<int> all;
    for (std::size_t round = 0; round < 12; ++round) {
        const auto acknowledged = acknowledgedBeforeKill(file(), from, 10 + round * 23);
        ASSERT_FALSE(acknowledged.empty());
        all.insert(acknowledged.begin(), acknowledged.end());
        from = *all.rbegin() + 1000;
        reopen();
        for (const int number : all)
            ASSERT_TRUE(store->get("n/" + std::to_string(number)).has_value())
                << number << " in round " << round;
        store.reset();
    }
}

}  // namespace
}  // namespace muster
