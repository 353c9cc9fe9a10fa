#pragma once

#include <csignal>

#include <gtest/gtest.h>
#include <sys/types.h>

namespace muster::test {

/// kill(2) for one process. A pid that a test looked up and did not find (0, -1) would mean the
/// test's own group, or everybody: it fails the test and signals nobody.
inline void sendSignal(pid_t pid, int signal) {
    ASSERT_GT(pid, 1) << "no such process was found";
    ::kill(pid, signal);
}

}  // namespace muster::test
