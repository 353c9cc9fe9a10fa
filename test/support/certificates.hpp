#pragma once

#include "test/support/child.hpp"
#include "test/support/temp_dir.hpp"

#include <stdexcept>
#include <string>

#include <sys/stat.h>

namespace muster::test {

/// A certificate authority of a test's own, made with the openssl command in a folder that goes
/// with it. Names of files are those of certificates: "<name>.pem", "<name>.key".
class Certificates {
public:
    Certificates() {
        openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-keyout", key("ca"), "-out", pem("ca"), "-days", "2", "-subj",
                 "/CN=muster test authority"});
        make("server", "localhost", "DNS:localhost,IP:127.0.0.1");
    }

    /// A certificate of that common name; `alternatives` as in openssl's subjectAltName.
    void make(const std::string& name, const std::string& commonName,
              const std::string& alternatives = "DNS:unused") const {
        const std::string request = file(name + ".csr");
        openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-keyout", key(name), "-out", request, "-subj", "/CN=" + commonName});
        ::chmod(key(name).c_str(), 0600);
        const std::string extensions =
            directory_.write(name + ".ext", "subjectAltName=" + alternatives + "\n");
        openssl({"x509", "-req", "-in", request, "-CA", pem("ca"), "-CAkey", key("ca"),
                 "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", pem(name)});
    }
    /// A certificate that no authority has signed but itself.
    void makeSelfSigned(const std::string& name, const std::string& commonName) const {
        openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-keyout", key(name), "-out", pem(name), "-days", "2", "-subj",
                 "/CN=" + commonName});
        ::chmod(key(name).c_str(), 0600);
    }
    static std::string openssl(std::vector<std::string> words) {
        words.insert(words.begin(), "openssl");
        Child child(std::move(words));
        const std::string output = child.output(std::chrono::seconds(30));
        if (child.wait() != 0) throw std::runtime_error("openssl: " + output);
        return output;
    }

    std::string pem(const std::string& name) const { return file(name + ".pem"); }
    std::string key(const std::string& name) const { return file(name + ".key"); }
    std::string file(const std::string& name) const { return (directory_.path() / name).string(); }
    const TempDir& directory() const { return directory_; }

private:
    TempDir directory_;
};

}  // namespace muster::test
