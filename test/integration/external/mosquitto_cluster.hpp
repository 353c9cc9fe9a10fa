#pragma once

#include "test/support/cluster_process.hpp"
#include "test/support/mosquitto_process.hpp"

#include <memory>

namespace muster::test {

/// A cluster over a Mosquitto that is configured with what `muster broker` prints.
class MosquittoCluster : public testing::Test {
protected:
    /// `settings`: further lines of mosquitto.conf.
    void configure(const std::string& settings = {}) {
        cluster_.configure(broker("mqtt://127.0.0.1:1"));
        const auto acl = cluster_.run({"broker", "acl"});
        ASSERT_EQ(acl.status, 0) << acl.output;
        const auto passwords = cluster_.run({"broker", "passwd"});
        ASSERT_EQ(passwords.status, 0) << passwords.output;
        std::string lines;  // without what is said beside the data
        for (std::size_t at = 0; at < passwords.output.size();) {
            const auto end = std::min(passwords.output.find('\n', at), passwords.output.size());
            const auto line = passwords.output.substr(at, end - at);
            if (line.find(':') != std::string::npos && line.find(' ') == std::string::npos)
                lines += line + "\n";
            at = end + 1;
        }
        const auto& directory = cluster_.directory();
        const auto aclFile = directory.write("mosquitto.acl", acl.output);
        const auto passwordFile = directory.write("mosquitto.passwd", lines);
        ASSERT_EQ(ClusterProcess::runProgram({"mosquitto_passwd", "-U", passwordFile}).status, 0);
        mosquitto_ = std::make_unique<MosquittoProcess>(
            "user root\nallow_anonymous true\nacl_file " + aclFile + "\npassword_file " +
            passwordFile + "\n" + settings);
        cluster_.configure(broker(mosquitto_->url()));
    }
    static nlohmann::json broker(const std::string& url) {
        return {{"broker", {{"url", url}, {"password", "master-password"}}}};
    }

    /// Arguments of a Mosquitto client that is `user`; empty: anonymous.
    std::vector<std::string> client(const std::string& program, const std::string& user) const {
        std::vector<std::string> words{
            program, "-p", std::to_string(mosquitto_->port()), "-V", "mqttv5", "-q", "1"};
        if (user.empty()) return words;
        std::string password = user + "-password";
        if (user == "admin") password = cluster_.token("admin");
        if (user.starts_with("chat-") || user.starts_with("gate-"))
            password = cluster_.token("server");
        words.insert(words.end(), {"-u", user, "-P", password});
        return words;
    }
    bool mayPublish(const std::string& user, const std::string& topic) const {
        auto words = client("mosquitto_pub", user);
        words.insert(words.end(), {"-t", "muster/game/" + topic, "-m", "{}"});
        const auto result = ClusterProcess::runProgram(words);
        return result.output.find("Not authorized") == std::string::npos;
    }
    /// What `user` is sent of one message to each of `topics`, by the master.
    std::string received(const std::string& user, const std::vector<std::string>& topics,
                         const std::string& last) const {
        // What is retained and readable tells that the subscription is there.
        auto retain = client("mosquitto_pub", "master");
        retain.insert(retain.end(), {"-r", "-t", "muster/game/leader", "-m", "{}"});
        EXPECT_EQ(ClusterProcess::runProgram(retain).status, 0);
        auto words = client("mosquitto_sub", user);
        words.insert(words.end(), {"-t", "muster/#", "-F", "%t"});
        Child reader(words);
        reader.outputUntil("muster/game/leader\n", std::chrono::seconds(10));
        for (const auto& topic : topics) EXPECT_TRUE(mayPublish("master", topic)) << topic;
        EXPECT_TRUE(mayPublish("master", last)) << last;
        return reader.outputUntil("muster/game/" + last + "\n", std::chrono::seconds(10));
    }

    std::unique_ptr<MosquittoProcess> mosquitto_;
    ClusterProcess cluster_;  // ends first: its servers are stopped over the broker
};

}  // namespace muster::test
