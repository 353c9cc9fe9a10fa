#include "keeper/reexecution.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr const char* kVariable = "MUSTER_KEEPER_HERITAGE";  // "lock,pipe,pipe,..."

void setCloseOnExec(const Heritage& heritage, bool closes) {
    const int flags = closes ? FD_CLOEXEC : 0;
    ::fcntl(heritage.lock, F_SETFD, flags);
    for (const int pipe : heritage.pipes) ::fcntl(pipe, F_SETFD, flags);
}

}  // namespace

Heritage takeHeritage() {
    Heritage heritage;
    const char* variable = std::getenv(kVariable);
    if (variable == nullptr) return heritage;
    std::vector<int> numbers;
    std::string_view rest(variable);
    while (!rest.empty()) {
        int number = -1;
        const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        if (failure != std::errc() || ::fcntl(number, F_GETFD) < 0) break;
        numbers.push_back(number);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        if (rest.starts_with(',')) rest.remove_prefix(1);
    }
    ::unsetenv(kVariable);
    if (numbers.empty()) return heritage;
    heritage.lock = numbers.front();
    heritage.pipes.assign(numbers.begin() + 1, numbers.end());
    setCloseOnExec(heritage, true);
    return heritage;
}

Error executeInPlace(const std::vector<std::string>& argv, const Heritage& heritage) {
    std::string numbers = std::to_string(heritage.lock);
    for (const int pipe : heritage.pipes) numbers += "," + std::to_string(pipe);
    std::vector<char*> arguments;
    for (const std::string& argument : argv)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    ::setenv(kVariable, numbers.c_str(), 1);
    setCloseOnExec(heritage, false);
    ::execv(arguments.front(), arguments.data());
    const int failure = errno;
    setCloseOnExec(heritage, true);
    ::unsetenv(kVariable);
    return Error(Errc::Failed, "exec " + argv.front() + ": " + std::strerror(failure));
}

}  // namespace muster::keeper
