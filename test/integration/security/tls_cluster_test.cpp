// A whole cluster over TLS: node, servers and command line; identities from certificates; reload.
#include "test/support/certificates.hpp"
#include "test/support/cluster_process.hpp"

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using test::Certificates;
using test::ClusterProcess;
using test::CommandResult;
using test::eventually;
using testing::HasSubstr;

class TlsCluster : public testing::Test {
protected:
    void SetUp() override {
        certificates_.make("chat-9", "server:chat-9");
        certificates_.make("ann", "user:ann");
        certificates_.make("nobody", "user:nobody");
        certificates_.make("guest", "a guest");
    }
    /// The cluster's only listener, with mutual TLS.
    void start(const std::string& clientCert) {
        const nlohmann::json tls{{"cert", certificates_.pem("server")},
                                 {"key", certificates_.key("server")},
                                 {"ca", certificates_.pem("ca")},
                                 {"clientCa", certificates_.pem("ca")},
                                 {"clientCert", clientCert}};
        cluster_.configure(
            {{"listeners", {{{"port", cluster_.port()}, {"protocol", "mqtts"}, {"tls", tls}}}}});
        ASSERT_TRUE(cluster_.start()) << cluster_.log();
    }
    /// A client of Mosquitto's with that certificate; empty: with none.
    CommandResult run(const std::string& program, const std::string& certificate,
                      const std::vector<std::string>& more) const {
        std::vector<std::string> words{program,
                                       "-h",
                                       "localhost",
                                       "-p",
                                       std::to_string(cluster_.port()),
                                       "-V",
                                       "mqttv5",
                                       "--cafile",
                                       certificates_.pem("ca")};
        if (!certificate.empty())
            words.insert(words.end(), {"--cert", certificates_.pem(certificate), "--key",
                                       certificates_.key(certificate)});
        words.insert(words.end(), more.begin(), more.end());
        return ClusterProcess::runProgram(std::move(words), 10s);
    }
    std::string serverName() const {
        return Certificates::openssl({"s_client", "-connect",
                                      "127.0.0.1:" + std::to_string(cluster_.port()), "-brief",
                                      "-CAfile", certificates_.pem("ca"), "-no_ign_eof"});
    }

    Certificates certificates_;
    ClusterProcess cluster_;
};

TEST_F(TlsCluster, ItsNodeServersAndCommandLineUseNothingElse) {
    start("optional");
    const auto listed = cluster_.run({"ls"});
    EXPECT_EQ(listed.status, 0) << listed.output;
    const auto stopped = cluster_.run({"stop", "chat-1"});
    EXPECT_EQ(stopped.status, 0) << stopped.output;
}

TEST_F(TlsCluster, ACertificateIsItsOwnersIdentity) {
    start("optional");
    const std::vector<std::string> toItself{"-t", "muster/game/to/monitor/chat-9", "-W", "1"};
    const auto as = [&](std::vector<std::string> who) {
        who.insert(who.end(), toItself.begin(), toItself.end());
        return who;
    };
    constexpr int kTimeout = 27;  // of mosquitto_sub: it was let in, and nothing came
    EXPECT_EQ(run("mosquitto_sub", "chat-9", as({"-i", "chat-9"})).status, kTimeout);
    EXPECT_EQ(run("mosquitto_sub", "chat-9", as({"-i", "chat-9", "-u", "chat-9"})).status,
              kTimeout);
    // Not under another's client id or name, whatever else it shows.
    EXPECT_NE(run("mosquitto_sub", "chat-9", as({"-i", "chat-8"})).status, kTimeout);
    EXPECT_NE(
        run("mosquitto_sub", "chat-9", as({"-i", "x", "-u", "ann", "-P", "ann-password"})).status,
        kTimeout);
    EXPECT_NE(run("mosquitto_sub", "nobody", as({"-i", "x"})).status, kTimeout);
    // A name of another form says nothing: then it is the password that counts.
    EXPECT_NE(
        run("mosquitto_sub", "guest", as({"-i", "chat-9", "-u", "chat-9", "-P", "wrong"})).status,
        kTimeout);
    const auto guest =
        run("mosquitto_sub", "guest",
            {"-u", "bob", "-P", "bob-password", "-t", "muster/game/leader", "-C", "1"});
    EXPECT_EQ(guest.status, 0) << guest.output;
}

TEST_F(TlsCluster, AnAdministratorNeedsNoPasswordBesideACertificate) {
    start("optional");
    const auto asAnn = [&](std::vector<std::string> words) {
        words.insert(words.begin(), MUSTER_PROGRAM);
        words.insert(words.end(),
                     {"--url", "mqtts://127.0.0.1:" + std::to_string(cluster_.port()), "--cluster",
                      "game", "--ca", certificates_.pem("ca"), "-u", "ann", "--cert",
                      certificates_.pem("ann"), "--key", certificates_.key("ann")});
        return ClusterProcess::runProgram(std::move(words));
    };
    const auto stopped = asAnn({"stop", "chat-1"});
    EXPECT_EQ(stopped.status, 0) << stopped.output;
}

TEST_F(TlsCluster, SighupReadsItsCertificateAnew) {
    start("optional");
    EXPECT_THAT(serverName(), HasSubstr("CN = localhost"));
    certificates_.make("server", "renewed", "DNS:localhost,IP:127.0.0.1");
    cluster_.signalMaster(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] {
        return cluster_.log().find("certificate and key were read anew") != std::string::npos;
    }));
    EXPECT_THAT(serverName(), HasSubstr("CN = renewed"));
    certificates_.directory().write("server.key", "broken");
    cluster_.signalMaster(SIGHUP);
    EXPECT_TRUE(eventually(10s, [&] {
        return cluster_.log().find("the certificate that was read before stays in use") !=
               std::string::npos;
    }));
    EXPECT_THAT(serverName(), HasSubstr("CN = renewed"));
    EXPECT_TRUE(cluster_.isReady());
}

}  // namespace
}  // namespace muster
