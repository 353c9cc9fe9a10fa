#pragma once

#include <fstream>

#include <unistd.h>

namespace muster::test {

/// What this process holds in memory now.
inline long residentKilobytes() {
    std::ifstream file("/proc/self/statm");
    long size = 0, resident = 0;
    file >> size >> resident;
    return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace muster::test
