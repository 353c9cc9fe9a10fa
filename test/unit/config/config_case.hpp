#pragma once

#include "common/config/cluster_config.hpp"
#include "test/support/temp_dir.hpp"

#include <gmock/gmock.h>

namespace muster::test {

/// A directory with a config of the test's making.
class ConfigCase {
public:
    ConfigCase& file(const std::string& name, const std::string& text) {
        directory_.write("config/" + name, text);
        return *this;
    }
    ConfigCase& besides(const std::string& name, const std::string& text) {
        directory_.write(name, text);
        return *this;
    }
    /// A muster.json whose type "chat" has a command that exists; `more` follows configVersion.
    ConfigCase& muster(const std::string& more = "") {
        return file("muster.json",
                    "{\"configVersion\": 1" + (more.empty() ? "" : ",\n" + more) + "}");
    }
    std::string base() const { return std::filesystem::canonical(directory_.path()).string(); }
    std::string str() const { return directory_.str(); }

    config::LoadResult load(const std::string& env = "development") const {
        return config::load(directory_.str(), env);
    }
    /// Problems as people see them, without the directory.
    std::vector<std::string> problems(const std::string& env = "development") const {
        std::vector<std::string> out;
        for (auto problem : load(env).problems) {
            const std::string prefix = directory_.str() + "/";
            if (problem.file.starts_with(prefix)) problem.file = problem.file.substr(prefix.size());
            out.push_back(config::describe(problem));
        }
        return out;
    }
    /// The cluster of a good config; fails the test if it is not.
    config::Cluster cluster(const std::string& env = "development") const {
        auto result = load(env);
        for (const auto& problem : result.problems)
            EXPECT_TRUE(problem.isWarning) << config::describe(problem);
        EXPECT_TRUE(result.cluster.has_value());
        return result.cluster.value_or(config::Cluster{});
    }

private:
    TempDir directory_;
};

}  // namespace muster::test
