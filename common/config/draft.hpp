#pragma once

#include "common/config/problems.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::config {

/// One file that was read: its value, with the environment's block already chosen.
struct SourceFile {
    std::string file;     // as shown to people
    std::string pointer;  // of `value` in the file: "" or "/<env>"
    JsonValue value;

    Place at(const JsonValue& part, std::string pointerBelow) const {
        return {file, part.line, pointer + std::move(pointerBelow)};
    }
};

/// A cluster being read: its values, and beside them where each of them stood.
struct Draft {
    Cluster cluster;
    Problems problems;
    std::vector<Place> servers;                 // beside cluster.servers
    std::vector<Place> listeners;               // beside cluster.listeners
    std::vector<Place> users;                   // beside cluster.users
    std::vector<Place> tokens;                  // beside cluster.serverTokens
    std::vector<Place> crons;                   // beside cluster.crons
    std::map<std::string, Place> types;         // where muster.json speaks of a type
    std::map<std::string, Place> serverTypes;   // where servers.json first names a type
    std::map<std::string, Place> dependencies;  // of the dependsOn list of a type
    std::set<std::string> withoutReadiness;     // types of muster.json that leave these keys out
    std::set<std::string> withoutPomelo;
    std::set<std::string> withCommand;
    std::optional<Place> broker;
    std::optional<Place> clusterName;
    std::optional<Place> stateDirectory;
    Place masterFile;  // master.json, if there is one
    bool opensTlsFiles = true;
    bool hasAppJs = false;            // <base>/app.js exists: a pomelo game
    bool isMusterFileBroken = false;  // so that what it would say is not missed as well
};

/// Reads master.json: id, host, port; closeWatcher and mode are accepted too.
void readMaster(const SourceFile& source, Draft& draft);
/// Reads servers.json: types to lists of entries.
void readServers(const SourceFile& source, Draft& draft);
void readUsers(const SourceFile& source, Draft& draft);
void readServerTokens(const SourceFile& source, Draft& draft);
void readCrons(const SourceFile& source, Draft& draft);
/// Reads muster.json: checks it against the table of fields, then takes the values.
void readMuster(const SourceFile& source, Draft& draft);

/// The listeners of muster.json, with their TLS files.
void readListeners(const SourceFile& source, Draft& draft);

/// Gives every type of servers.json its settings, and pomelo types their command.
void completeTypes(Draft& draft);
/// Hosts that mean the same machine compare equal.
std::string hostKey(const std::string& host);
/// "line 3", for messages.
std::string lineText(const Place& place);

/// What concerns more than one value: names, ports, dependencies, commands, exposure.
void validate(Draft& draft);
/// The part of validate() that looks at listeners: addresses, exposure, who can reach them.
void validateListeners(Draft& draft);
/// The part of validate() that looks at servers: ids and ports.
void validateServers(Draft& draft);
/// The part of validate() that looks at types: commands, users, placeholders, dependencies.
void validateTypes(Draft& draft);

}  // namespace muster::config
