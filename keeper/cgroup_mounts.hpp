#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::keeper {

/// A cgroup hierarchy that is mounted on this host, and where this process is in it (cgroups(7)).
struct CgroupMount {
    std::string directory;                 // where it is mounted
    bool isUnified = false;                // version 2
    std::vector<std::string> controllers;  // version 1: which it has; version 2: none here
    std::string own;                       // directory of this process's cgroup in it
    bool operator==(const CgroupMount&) const = default;
};

/// From the texts of /proc/self/mountinfo and /proc/self/cgroup. Lines that are not understood, and
/// cgroups that the mount does not show, are left out. Pure; total.
std::vector<CgroupMount> parseCgroupMounts(std::string_view mountInfo, std::string_view cgroups);

}  // namespace muster::keeper
