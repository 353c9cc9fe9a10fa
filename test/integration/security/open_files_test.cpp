// A master under a limit of open files that is below what its configuration allows.
#include "test/support/child.hpp"
#include "test/support/eventually.hpp"
#include "test/support/free_port.hpp"
#include "test/support/raw_client.hpp"
#include "test/support/temp_dir.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace muster {
namespace {

using namespace std::chrono_literals;
using test::RawClient;

class OpenFiles : public testing::Test {
protected:
    /// `muster master` after `ulimit <limit>`, until it listens.
    void start(const std::string& limit) {
        const std::string port = std::to_string(port_);
        directory_.write("config/muster.json",
                         R"({"configVersion": 1, "listeners": [{"port": )" + port + "}]}");
        directory_.write("config/servers.json", R"({"development": {}})");
        master_ = std::make_unique<test::Child>(std::vector<std::string>{
            "sh", "-c",
            "ulimit " + limit + "; exec " MUSTER_PROGRAM " master -c " + directory_.str()});
        said_ = master_->outputUntil("listening on", 20s);
        ASSERT_THAT(said_, testing::HasSubstr("listening on"));
    }
    /// How many of `count` clients are let in; they stay.
    std::size_t letIn(std::size_t count) {
        const std::string accepted("\x20\x02\x00\x00", 4);
        std::size_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) {
            clients_.push_back(std::make_unique<RawClient>(port_));
            // MQTT 3.1.1, clean session, a keep alive of 60 s, client id "1000" and so on.
            const std::string id = std::to_string(1000 + i);
            clients_.back()->send(std::string("\x10\x10\0\x04MQTT\x04\x02\0\x3C\0\x04", 14) + id);
            if (clients_.back()->receive(4, 10s) == accepted) ++sum;
        }
        return sum;
    }

    test::TempDir directory_;
    std::uint16_t port_ = static_cast<std::uint16_t>(test::freePort());
    std::unique_ptr<test::Child> master_;
    std::string said_;
    std::vector<std::unique_ptr<RawClient>> clients_;
};

TEST_F(OpenFiles, ALowSoftLimitIsRaisedForTheConnectionsOfTheConfiguration) {
    start("-Sn 100");
    EXPECT_EQ(letIn(150), 150U);
}

TEST_F(OpenFiles, AHardLimitBoundsTheConnectionsSoThatTheMasterKeepsFilesForItself) {
    start("-n 200");
    EXPECT_THAT(said_, testing::HasSubstr("lets this process have 100 connections, not the 10000"));
    EXPECT_EQ(letIn(130), 100U);
    clients_.clear();
    EXPECT_TRUE(test::eventually(10s, [this] { return letIn(1) == 1; }));
}

}  // namespace
}  // namespace muster
