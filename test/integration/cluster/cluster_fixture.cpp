#include "test/integration/cluster/cluster_fixture.hpp"

#include "test/support/send_signal.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace muster::test {
namespace {

constexpr const char* kMark = "CLUSTER_UNDER_TEST";

std::string readAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// argv[1] of a process.
std::string verbOf(pid_t pid) {
    const std::string line = readAll("/proc/" + std::to_string(pid) + "/cmdline");
    const auto first = line.find('\0');
    if (first == std::string::npos) return {};
    return line.substr(first + 1, line.find('\0', first + 1) - first - 1);
}

bool isRunningNow(pid_t pid) {
    const auto stat = readProcStat(pid);
    return stat && stat->state != 'Z';
}

}  // namespace

const std::vector<std::string> ClusterFixture::kAll{"chat-1", "chat-2", "connector-1", "gate-1"};

ClusterFixture::ClusterFixture() {
    ::setenv(kMark, directory_.str().c_str(), 1);
    for (const char* name : {"MUSTER_CONFIG", "MUSTER_URL", "MUSTER_USER"}) ::unsetenv(name);
}

ClusterFixture::~ClusterFixture() {
    // One may start another while it is looked for.
    eventually(10s, [this] {
        const auto left = all();
        for (const pid_t pid : left) sendSignal(pid, SIGKILL);
        return left.empty();
    });
}

void ClusterFixture::writeConfig() {
    Json types = Json::object();
    for (const char* type : {"chat", "connector", "gate"}) {
        const std::string mode = modes_.contains(type) ? modes_[type] : "ready";
        types[type] = {{"command",
                        {{"argv", {SERVER_PROGRAM, mode, file("trace")}},
                         {"env", {{"SECRET_OF_TYPE", "swordfish"}}}}},
                       {"readiness", {{"kind", "monitor"}, {"timeout", "20s"}}},
                       {"stop", {{"timeout", "2s"}}}};
        if (fields_.contains(type)) types[type].update(fields_[type]);
    }
    types["connector"]["dependsOn"] = {"chat"};
    types["gate"]["dependsOn"] = {"connector"};
    directory_.write(
        "config/master.json",
        Json{{"development", {{"id", "m"}, {"host", "127.0.0.1"}, {"port", port_}}}}.dump(1));
    Json all = Json::object();
    for (const auto& [type, ids] : servers_) {
        all[type] = Json::array();
        for (const auto& id : ids) all[type].push_back({{"id", id}, {"host", "127.0.0.1"}});
    }
    directory_.write("config/servers.json", Json{{"development", all}}.dump(1));
    Json master{{"configVersion", 1}, {"cluster", "test"}, {"types", types}};
    master.update(master_);
    directory_.write("config/muster.json", master.dump(1));
}

Child& ClusterFixture::launch(std::vector<std::string> arguments, const std::string& verb) {
    if (!std::filesystem::exists(file("config"))) writeConfig();
    std::vector<std::string> argv{MUSTER_PROGRAM, verb, "-c", file("config")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return *launched_.emplace_back(std::make_unique<Child>(std::move(argv)));
}

Child& ClusterFixture::startAll() {
    Child& master = launch();
    EXPECT_TRUE(eventually(30s, [this] { return areAllReady(); }))
        << Json(rows()).dump(1) << master.output(100ms);
    return master;
}

Ran ClusterFixture::muster(std::vector<std::string> arguments) {
    std::vector<std::string> argv{MUSTER_PROGRAM};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    argv.insert(argv.end(), {"-c", file("config")});
    Child child(std::move(argv));
    const std::string output = child.output(60s);
    return {child.wait(), output};
}

std::map<std::string, Json> ClusterFixture::rows() {
    if (!accepts(port_)) return {};
    AdminClientOptions options;
    options.url = "mqtt://127.0.0.1:" + std::to_string(port_);
    options.cluster = "test";
    options.timeout = 5s;
    AdminClient client(std::move(options));
    if (!client.connect()) return {};
    const auto answer = client.request("supervisor", R"({"op":"list"})");
    std::map<std::string, Json> result;
    if (!answer) return result;
    const Json list = Json::parse(*answer);
    for (const Json& entry : list["servers"]) result[entry["id"]] = entry;
    return result;
}

bool ClusterFixture::isReady(const std::vector<std::string>& ids) {
    auto now = rows();
    return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) {
        return now.contains(id) && now[id].value("ready", false);
    });
}

Pids ClusterFixture::table() {
    Pids pids;
    for (const auto& [id, entry] : rows())
        if (entry.contains("pid") && entry["type"] != "node") pids[id] = entry["pid"];
    return pids;
}

std::vector<pid_t> ClusterFixture::all() const {
    std::vector<pid_t> pids;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        std::from_chars(name.data(), name.data() + name.size(), pid);
        if (pid <= 0 || pid == ::getpid() || !isRunningNow(pid)) continue;
        if (environmentValue(pid, kMark) == directory_.str()) pids.push_back(pid);
    }
    return pids;
}

Pids ClusterFixture::processes() const {
    Pids found;
    std::string twice;
    // Between fork and exec a child looks like its parent.
    const auto look = [&] {
        found.clear();
        twice.clear();
        for (const pid_t pid : all()) {
            const auto id = environmentValue(pid, "MUSTER_ID");
            const std::string what = id ? *id : verbOf(pid);
            if (!found.emplace(what, pid).second) twice = what;
        }
        return twice.empty();
    };
    if (!eventually(10s, look)) ADD_FAILURE() << "two processes are " << twice;
    return found;
}

Pids ClusterFixture::servers() const {
    Pids found = processes();
    for (const char* other : {"keep", "node", "start", "master"}) found.erase(other);
    return found;
}

pid_t ClusterFixture::pid(const std::string& what) const {
    const Pids found = processes();
    const auto at = found.find(what);
    return at == found.end() ? 0 : at->second;
}

void ClusterFixture::kill9(const std::string& what) const {
    const pid_t victim = pid(what);
    ASSERT_GT(victim, 0) << what << " does not run";
    sendSignal(victim, SIGKILL);
    // Its first thread may be gone before the others, which hold the port.
    const bool isMaster = what == "start" || what == "master";
    ASSERT_TRUE(
        eventually(10s, [&] { return !isRunningNow(victim) && !(isMaster && accepts(port_)); }));
}

std::vector<std::string> ClusterFixture::trace() const {
    std::vector<std::string> lines;
    std::istringstream text(readAll(file("trace")));
    for (std::string line; std::getline(text, line);)
        lines.push_back(line.substr(0, line.rfind(' ')));
    return lines;
}

std::size_t ClusterFixture::placeOf(const std::string& line) const {
    const auto lines = trace();
    return static_cast<std::size_t>(std::find(lines.begin(), lines.end(), line) - lines.begin());
}

std::size_t ClusterFixture::countOf(const std::string& line) const {
    const auto lines = trace();
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
}

std::string ClusterFixture::log(const std::string& name) const {
    return readAll(file(".muster/logs/" + name));
}

}  // namespace muster::test
