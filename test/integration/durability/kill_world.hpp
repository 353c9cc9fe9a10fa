#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace muster::test {

struct KillOptions {
    std::string broker;  // program
    std::string store;   // file; empty: none
    int kills = 40;
    std::chrono::seconds time{3600};  // after which no more are begun
    std::uint32_t seed = 1;
};

/// Runs the loop and prints what it did. The number of broken promises.
std::size_t runKillLoop(const KillOptions& options);

}  // namespace muster::test
