#pragma once

#include "master/sqlite/sqlite.hpp"

namespace muster::sqlite {

/// What tells the files of one store from others.
struct StoreKind {
    const char* schema = "";      // statements that make an empty one, without a transaction
    const char* applicationId;    // decimal; in the file's header
    const char* version;          // decimal; a file of another version is refused
    const char* afterMovingAway;  // what it means to start with an empty one
    bool isCheckedWhole = true;   // all of it is checked for damage, which takes a second per GB
    bool hasPowerDurability = false;  // an fsync for each commit
};

/// Opens or makes `file` (mode 0600) in write-ahead mode. Failed, naming the file and what to do:
/// it cannot be opened, is another program's, of another version, or damaged. Blocks.
Result<Database> openStore(const std::string& file, const StoreKind& kind);

/// What to do about `failure`, after the name of the file: other advice for a store that is damaged
/// than for one that only cannot be read or written now.
std::string troubleText(const StoreKind& kind, const Failure& failure);

}  // namespace muster::sqlite
