#pragma once

#include "common/process/process_identity.hpp"
#include "test/support/child.hpp"
#include "test/support/eventually.hpp"
#include "test/support/free_port.hpp"
#include "test/support/temp_dir.hpp"

#include <muster/client.hpp>
#include <muster/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace muster::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Json = nlohmann::json;
using Pids = std::map<std::string, pid_t>;

/// How one command line ended, and all it said.
struct Ran {
    int status;
    std::string output;
};

/// A cluster of the real program in a directory of its own: chat-1, chat-2 <- connector-1 <-
/// gate-1. Everything that was started carries a variable with that directory, and dies with the
/// fixture, masters, keepers and nodes too.
class ClusterFixture : public testing::Test {
protected:
    ClusterFixture();
    ~ClusterFixture() override;

    /// What servers of `type` are run with (server_program.cpp); before start().
    void setMode(const std::string& type, const std::string& mode) { modes_[type] = mode; }
    /// More fields of a type in muster.json; before start().
    void setType(const std::string& type, const Json& fields) { fields_[type] = fields; }
    /// More fields of muster.json; before start().
    void setMaster(const Json& fields) { master_ = fields; }
    /// The servers of `type` in servers.json; before start(), or writeConfig().
    void setServers(const std::string& type, const std::vector<std::string>& ids) {
        servers_[type] = ids;
    }
    void writeConfig();
    std::string file(const std::string& name) const { return directory_.str() + "/" + name; }
    int port() const { return port_; }

    /// `muster start -c <config> <arguments>`, in the foreground.
    Child& launch(std::vector<std::string> arguments = {}, const std::string& verb = "start");
    /// launch(), and waits until all servers are ready.
    Child& startAll();
    /// Any other verb, to its end.
    Ran muster(std::vector<std::string> arguments);

    /// The table by id, as `op` "list" gives it; empty while no master answers.
    std::map<std::string, Json> rows();
    /// One row; an empty object if there is none.
    Json row(const std::string& id) {
        const auto all = rows();
        return all.contains(id) ? all.at(id) : Json::object();
    }
    bool isReady(const std::vector<std::string>& ids);
    bool areAllReady() { return isReady(kAll); }
    /// The pids in the table of all that have one.
    Pids table();

    /// Processes of this cluster by what they are: "keep", "node", "start", "master", or a
    /// server's id. Two of one kind: the test fails.
    Pids processes() const;
    Pids servers() const;
    pid_t pid(const std::string& what) const;
    /// kill -9, and waits until it is gone, and with a master its port.
    void kill9(const std::string& what) const;
    /// The lines that servers wrote ("chat-1 ready"), without their pids.
    std::vector<std::string> trace() const;
    /// The place of a line in trace(); beyond its end if there is none.
    std::size_t placeOf(const std::string& line) const;
    std::size_t countOf(const std::string& line) const;
    std::string log(const std::string& name) const;

    static const std::vector<std::string> kAll;

private:
    std::vector<pid_t> all() const;

    TempDir directory_;
    int port_ = freePort();
    std::map<std::string, std::string> modes_;
    std::map<std::string, std::vector<std::string>> servers_{
        {"gate", {"gate-1"}}, {"connector", {"connector-1"}}, {"chat", {"chat-1", "chat-2"}}};
    std::map<std::string, Json> fields_;
    Json master_ = Json::object();
    std::vector<std::unique_ptr<Child>> launched_;
};

}  // namespace muster::test
