#pragma once

#include "common/process/process_settings.hpp"
#include "common/process/unique_fd.hpp"
#include "keeper/cgroup_mounts.hpp"

#include <muster/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace muster::keeper {

/// The cgroup of one life of a server: a directory of its own in the hierarchies that it needs.
/// Only a value; make and remove are CgroupTree's.
struct Cgroup {
    std::string unified;                  // directory in version 2; empty: none
    std::vector<std::string> versionOne;  // directories in version 1
    std::string note;                     // what could not be had, in words; empty: nothing
    bool exists() const { return !unified.empty() || !versionOne.empty(); }
    /// For people: its first directory and the note, or "none: " and the note.
    std::string text() const;
    std::vector<std::string> directories() const;

    /// SIGKILL to every process in it and in cgroups below it, whatever its session and
    /// environment. Who that was, as far as it is listed; they may take a moment to be gone.
    std::vector<pid_t> kill() const;
    /// No process is in it, zombies not counted.
    bool isEmpty() const;
    /// How many processes the kernel killed in it for want of memory.
    std::uint64_t outOfMemoryKills() const;
    /// Bytes; 0: no bound.
    std::int64_t memoryLimit() const;
};

/// What a process enters a cgroup by; closed when it is there.
struct CgroupEntry {
    UniqueFd directory;           // of version 2, to be born in; none: it has none
    std::vector<UniqueFd> files;  // cgroup.procs of version 1
};
CgroupEntry openEntry(const Cgroup& cgroup);

/// The cgroups of one keeper: `<where>/muster-<hash>/<id>.<nonce>`, where `where` is the keeper's
/// own cgroup, so that servers stay below what bounds the keeper. Touches no directory but those it
/// made. A host where it may make none is not an error: the note of each cgroup says why.
class CgroupTree {
public:
    /// `stateDirectory`: whose keeper it is; names the tree. `parent`: a path within every
    /// hierarchy to use in place of the keeper's own cgroup; "off": no cgroups; empty: the keeper's
    /// own.
    CgroupTree(const std::string& stateDirectory, std::string parent);
    /// The same of mounts given: for tests.
    CgroupTree(const std::string& stateDirectory, std::string parent,
               std::vector<CgroupMount> mounts);

    /// Makes a cgroup, with the limits that `settings` has.
    Cgroup make(const std::string& id, const std::string& nonce, const ProcessSettings& settings);
    /// The one that an earlier keeper made, by its recorded directories; those that are not this
    /// tree's are not taken.
    Cgroup adopt(const std::string& id, const std::string& nonce,
                 const std::vector<std::string>& directories) const;
    /// Removes it if it is empty; false: it is not (yet). Its processes are not touched.
    bool remove(const Cgroup& cgroup);
    /// Removes this tree's own directories if they are empty: at the end of the keeper.
    void removeRoots();

private:
    std::string rootIn(const CgroupMount& mount) const;
    Result<std::string> makeIn(const CgroupMount& mount, const std::string& leaf);
    void addUnified(Cgroup& cgroup, const std::string& leaf, const ProcessSettings& settings);
    void addVersionOne(Cgroup& cgroup, const std::string& leaf, const ProcessSettings& settings);

    std::string name_;  // "muster-<hash of the state directory>"
    std::string parent_;
    std::vector<CgroupMount> mounts_;
};

}  // namespace muster::keeper
