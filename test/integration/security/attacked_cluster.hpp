#pragma once

#include "test/support/cluster_process.hpp"

#include <muster/client.hpp>

#include <memory>

namespace muster::test {

/// A running cluster of the real binary with its embedded broker, and those who attack it. Whatever
/// a test does, its servers must be the same processes, all ready, at its end.
class AttackedCluster : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(cluster_.start()) << cluster_.log();
        pids_ = cluster_.pids();
    }
    void TearDown() override {
        EXPECT_TRUE(cluster_.isMasterRunning()) << cluster_.log();
        EXPECT_TRUE(eventually(std::chrono::seconds(15), [this] { return cluster_.isReady(); }))
            << cluster_.log();
        EXPECT_EQ(cluster_.pids(), pids_);
    }

    /// A connection of an administrator; empty name: anonymous.
    std::unique_ptr<AdminClient> admin(const std::string& user = {},
                                       const std::string& password = {}) const {
        AdminClientOptions options;
        options.url = "mqtt://127.0.0.1:" + std::to_string(cluster_.port());
        options.cluster = "game";
        options.username = user;
        options.password = password;
        auto client = std::make_unique<AdminClient>(options);
        const auto connected = client->connect();
        EXPECT_TRUE(connected) << (connected ? "" : connected.error().detail());
        return client;
    }
    /// Arguments of a Mosquitto client; `user` empty: anonymous.
    std::vector<std::string> client(const std::string& program, const std::string& user = {},
                                    const std::string& password = {}) const {
        std::vector<std::string> words{program, "-p", std::to_string(cluster_.port()), "-V",
                                       "mqttv5"};
        if (!user.empty()) words.insert(words.end(), {"-u", user, "-P", password});
        return words;
    }
    static CommandResult runWith(std::vector<std::string> words,
                                 const std::vector<std::string>& more) {
        words.insert(words.end(), more.begin(), more.end());
        return ClusterProcess::runProgram(std::move(words));
    }
    bool logHas(const std::string& text) const {
        return eventually(std::chrono::seconds(5),
                          [&] { return cluster_.log().find(text) != std::string::npos; });
    }

    ClusterProcess cluster_;
    std::map<std::string, long> pids_;
};

}  // namespace muster::test
