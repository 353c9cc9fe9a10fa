#include "console/prompt.hpp"

#include "test/support/eventually.hpp"
#include "test/support/send_signal.hpp"

#include <string>

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

namespace muster::test {
namespace {

/// A person at a terminal of their own, and a child that asks them for a secret.
class AskedPerson {
public:
    AskedPerson() {
        if (::openpty(&person_, &terminal_, nullptr, nullptr, nullptr) != 0) return;
        child_ = ::fork();
        if (child_ != 0) return;
        ::login_tty(terminal_);
        const auto secret = cli::askAtTerminal("Password: ", true);
        ::_exit(secret == "open sesame" ? 0 : 1);
    }
    ~AskedPerson() {
        if (child_ > 0) sendSignal(child_, SIGKILL);
        ::close(person_);
        ::close(terminal_);
    }
    AskedPerson(const AskedPerson&) = delete;
    AskedPerson& operator=(const AskedPerson&) = delete;

    /// Reads until the prompt is there; echo is off from a moment later on.
    bool sees(const std::string& text) {
        std::string seen;
        char byte = 0;
        while (seen.find(text) == std::string::npos && ::read(person_, &byte, 1) == 1) seen += byte;
        return seen.find(text) != std::string::npos;
    }
    bool hasEcho() const {
        termios settings{};
        return ::tcgetattr(terminal_, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
    }
    void types(const std::string& text) const {
        ASSERT_EQ(::write(person_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    /// The status that wait() gives.
    int end() {
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = 0;
        return status;
    }

private:
    int person_ = -1;
    int terminal_ = -1;
    pid_t child_ = -1;
};

TEST(Prompt, ShowsNothingOfASecretAndTheTerminalIsAsBefore) {
    AskedPerson person;
    ASSERT_TRUE(person.sees("Password: "));
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return !person.hasEcho(); }));
    person.types("open sesame\n");
    EXPECT_EQ(person.end(), 0);
    EXPECT_TRUE(person.hasEcho());
}

TEST(Prompt, LeavesTheTerminalAsItWasWhenItIsInterrupted) {
    AskedPerson person;
    ASSERT_TRUE(person.sees("Password: "));
    ASSERT_TRUE(eventually(std::chrono::seconds(10), [&] { return !person.hasEcho(); }));
    person.types("\x03");  // Ctrl-C
    const int status = person.end();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
    EXPECT_TRUE(person.hasEcho());
}

}  // namespace
}  // namespace muster::test
