#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muster::cli {

enum class Format { Table, Wide, Json, JsonLines, Name, Pomelo };

/// A command line, taken apart. Which fields a verb looks at stands in its docs page.
struct Arguments {
    std::string verb;  // "ls", "broker acl", ...

    // Which master, and who asks.
    std::string host;
    int port = 0;  // 0: not given
    std::string url;
    std::string user, password;
    std::string cluster;
    std::string config, env;
    std::string caFile, certFile, keyFile;

    // How to answer.
    Format format = Format::Table;
    bool isQuiet = false;    // no talk on stderr but errors
    bool isVerbose = false;  // progress also without a terminal
    bool isColourless = false;
    std::optional<std::chrono::milliseconds> timeout;

    // What to do, and to whom.
    std::vector<std::string> words;  // selectors, key=value pairs, module names, ...
    std::string client, topic;       // of `muster broker`
    std::string type;
    std::vector<std::string> ids;
    bool isConfirmed = false;  // --yes
    bool isDryRun = false;
    std::optional<std::string> rolling;  // restart: how many of a type at a time; empty: one
    std::optional<std::string> drain;    // stop, restart, apply: wait for no sessions; empty: 30m
    std::optional<std::chrono::milliseconds> deadline;  // drain: how long at most
    bool isForced = false;                              // drain: then stop it all the same
    std::string plan;                                   // apply: only if it still is this one
    bool isOnlyChanged = false;  // restart: what runs with another configuration
    std::string stream;          // logs: only this one; empty: both
    bool isFollowing = false;
    bool isCheck = false;
    int limit = 0;  // 0: the verb's own default
};

}  // namespace muster::cli
