// What a listener's files may be: the same words in `muster validate` and at the start.
#include "common/config/cluster_config.hpp"
#include "test/integration/broker/stream_fixture.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

using namespace muster;
using namespace muster::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

struct TlsFilesOfAListener : ::testing::Test {
    Certificates certificates;
    TlsFiles files = tlsFiles(certificates);

    std::string fault() const {
        const TlsLoad loaded = TlsContext::load(files);
        return loaded.fault ? loaded.fault->text : "";
    }
    void setMode(mode_t mode) const { ::chmod(files.key.c_str(), mode); }
};

TEST_F(TlsFilesOfAListener, AreGoodAsOpensslMakesThem) {
    files.clientCa = certificates.pem("ca");
    const TlsLoad loaded = TlsContext::load(files);
    EXPECT_FALSE(loaded.fault) << loaded.fault->text;
    ASSERT_TRUE(loaded.context);
    EXPECT_EQ(loaded.context->warning(), "");
}

TEST_F(TlsFilesOfAListener, MustBeThere) {
    files.certificate = certificates.file("none");
    EXPECT_EQ(fault(),
              files.certificate + ": No such file or directory: correct the path or its mode");
    files = tlsFiles(certificates);
    files.key = certificates.file("none");
    EXPECT_THAT(fault(), HasSubstr(files.key + ": No such file"));
    files.key = certificates.directory().str();
    EXPECT_THAT(fault(), HasSubstr("is no plain file"));
    files = tlsFiles(certificates);
    files.clientCa = certificates.file("none");
    EXPECT_THAT(fault(), HasSubstr(files.clientCa + ": No such file"));
}

TEST_F(TlsFilesOfAListener, MustHoldWhatTheyAreNamedFor) {
    files.certificate = certificates.key("server");
    EXPECT_THAT(fault(), HasSubstr("holds no certificate in PEM form"));
    files = tlsFiles(certificates);
    files.key = certificates.directory().write("garbage", "garbage");
    setMode(0600);
    EXPECT_THAT(fault(), HasSubstr(files.key + ": holds no private key in PEM form"));
    files = tlsFiles(certificates);
    files.clientCa = certificates.key("server");
    EXPECT_THAT(fault(), HasSubstr(files.clientCa + ": holds no certificate in PEM form"));
}

TEST_F(TlsFilesOfAListener, MustBelongTogether) {
    certificates.make("other", "other");
    files.key = certificates.key("other");
    EXPECT_THAT(fault(), HasSubstr(files.key + ": does not belong to the certificate in " +
                                   files.certificate));
}

TEST_F(TlsFilesOfAListener, MustNotShowTheKeyToOthers) {
    for (const mode_t mode : {0604U, 0602U, 0660U, 0644U, 0777U}) {
        setMode(mode);
        EXPECT_THAT(fault(), HasSubstr(files.key + ": others may read this private key")) << mode;
    }
    setMode(0600);
    EXPECT_EQ(fault(), "");
    // A group may read root's, as Debian's ssl-cert does.
    setMode(0640);
    EXPECT_EQ(fault().empty(), ::getuid() == 0);
}

TEST_F(TlsFilesOfAListener, MustNotNeedAPassphrase) {
    files.key = certificates.file("locked.key");
    Certificates::openssl({"ec", "-aes256", "-passout", "pass:secret", "-in",
                           certificates.key("server"), "-out", files.key});
    setMode(0600);
    EXPECT_THAT(fault(), HasSubstr("is locked with a passphrase"));
}

TEST_F(TlsFilesOfAListener, WarnOfACertificateThatHasExpired) {
    const std::string old = certificates.file("old.pem");
    Certificates::openssl(
        {"x509", "-in", files.certificate, "-signkey", files.key, "-days", "-1", "-out", old});
    files.certificate = old;
    const TlsLoad loaded = TlsContext::load(files);
    ASSERT_TRUE(loaded.context) << loaded.fault->text;
    EXPECT_EQ(
        loaded.context->warning(),
        files.certificate + ": the certificate has expired, clients will refuse it: renew it");
}

/// What muster.json's listeners are told, in a directory with these certificates.
struct ListenersOfAConfig : TlsFilesOfAListener {
    std::vector<std::string> problems(const std::string& listeners) const {
        const TempDir& directory = certificates.directory();
        directory.write("config/muster.json",
                        "{\"configVersion\": 1,\n\"listeners\": [" + listeners + "]}");
        std::vector<std::string> out;
        for (auto problem : config::load(directory.str(), "development").problems) {
            problem.file = problem.file.substr(directory.str().size() + 1);
            out.push_back(config::describe(problem));
        }
        return out;
    }
    static std::string tls(const std::string& scheme, const std::string& more = {}) {
        return R"({"protocol": ")" + scheme +
               R"(", "tls": {"cert": "server.pem", "key": "server.key")" + more + "}}";
    }
};

TEST_F(ListenersOfAConfig, NameTheirFilesRelativeToTheConfiguration) {
    EXPECT_THAT(problems(tls("mqtts", R"(, "clientCa": "ca.pem", "ca": "ca.pem")")), IsEmpty());
    const auto loaded = config::load(certificates.directory().str(), "development");
    ASSERT_TRUE(loaded.cluster);
    const auto& listener = loaded.cluster->listeners.at(0);
    const std::string base = std::filesystem::canonical(certificates.directory().path()).string();
    EXPECT_EQ(listener.tls->certificate, base + "/server.pem");
    EXPECT_EQ(listener.tls->clientCa, base + "/ca.pem");
    EXPECT_TRUE(listener.tls->needsClientCertificate);
    EXPECT_EQ(listener.ca, base + "/ca.pem");
    EXPECT_FALSE(listener.pomelo);
}

TEST_F(ListenersOfAConfig, SayWhichFileIsOfNoUse) {
    EXPECT_THAT(problems("\n{\"protocol\": \"mqtts\", \"tls\": {\n\"cert\": \"none\",\n\"key\": "
                         "\"server.key\"}}"),
                ElementsAre(HasSubstr("config/muster.json:4: /listeners/0/tls/cert: ")));
    setMode(0644);
    EXPECT_THAT(
        problems("\n{\"protocol\": \"mqtts\", \"tls\": {\n\"cert\": "
                 "\"server.pem\",\n\"key\": \"server.key\"}}"),
        ElementsAre(testing::AllOf(HasSubstr("config/muster.json:5: /listeners/0/tls/key: "),
                                   HasSubstr("others may read this private key"))));
    setMode(0600);
    certificates.make("other", "other");
    EXPECT_THAT(
        problems(R"({"protocol": "mqtts", "tls": {"cert": "other.pem", "key": "server.key"}})"),
        ElementsAre(HasSubstr("does not belong to the certificate")));
    EXPECT_THAT(problems(tls("mqtts", R"(, "clientCa": "none")")),
                ElementsAre(HasSubstr("/listeners/0/tls/clientCa: ")));
    EXPECT_THAT(problems(tls("mqtts", R"(, "ca": "none")")),
                ElementsAre(HasSubstr("/listeners/0/tls/ca: there is no file ")));
}

TEST_F(ListenersOfAConfig, AreNotOpenedForAClientOfTheMaster) {
    setMode(0644);
    EXPECT_FALSE(problems(tls("mqtts", R"(, "ca": "ca.pem")")).empty());
    const auto loaded = config::loadForClient(certificates.directory().str(), "development");
    ASSERT_TRUE(loaded.cluster);
    EXPECT_TRUE(loaded.cluster->listeners.at(0).ca.ends_with("/ca.pem"));
}

TEST_F(ListenersOfAConfig, BeyondThisHostNeedTokensOrClientCertificates) {
    const std::string open = R"("host": "0.0.0.0", )";
    const auto listening = [&](const std::string& more) {
        std::string text = tls("mqtts", more);
        return text.insert(1, open);
    };
    EXPECT_THAT(problems(listening("")),
                ElementsAre(HasSubstr("listens on 0.0.0.0, beyond this host")));
    EXPECT_THAT(problems(listening(R"(, "clientCa": "ca.pem", "clientCert": "optional")")),
                ElementsAre(HasSubstr("listens on 0.0.0.0, beyond this host")));
    EXPECT_THAT(problems(listening(R"(, "clientCa": "ca.pem")")), IsEmpty());
}

}  // namespace
