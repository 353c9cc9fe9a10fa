#pragma once

#include "master/session_store/sqlite_session_store.hpp"
#include "test/support/eventually.hpp"
#include "test/support/manual_loop.hpp"
#include "test/support/scripted_client.hpp"
#include "test/support/temp_dir.hpp"

#include <memory>
#include <optional>

namespace muster::test {

/// A broker in virtual time with a real file.
class KeptBroker {
public:
    explicit KeptBroker(const std::string& file, const std::string& revoked = {},
                        TimePoint::duration passed = {}, std::chrono::milliseconds jumped = {}) {
        loop_.stall(std::chrono::duration_cast<std::chrono::milliseconds>(passed));
        loop_.jumpWallTime(jumped);
        world_.access.revoked = revoked;
        auto opened = mqtt::SqliteSessionStore::open(loop_, file, false);
        if (!opened) {
            ADD_FAILURE() << opened.error().detail();
            return;
        }
        store_ = std::move(*opened);
        world_.now = loop_.now();
        const auto restored = world_.broker.restore(*store_, loop_.now());
        EXPECT_TRUE(restored) << (restored ? "" : restored.error().detail());
    }
    BrokerWorld& world() { return world_; }
    mqtt::SqliteSessionStore& store() { return *store_; }
    ManualLoop& loop() { return loop_; }
    /// Until all that is recorded is in the file.
    void settles() {
        EXPECT_TRUE(eventually(std::chrono::seconds(30), [this] {
            loop_.run();
            return store_->committed() == store_->recorded();
        }));
    }

private:
    ManualLoop loop_;
    std::unique_ptr<mqtt::SqliteSessionStore> store_;
    BrokerWorld world_;  // ends before its store
};

/// Ends a broker as kill -9 would, and begins another one with what its file had at that moment.
class Restarts : public ::testing::Test {
protected:
    /// `revoked`: a user whom the next broker does not know any more.
    void restart(const std::string& revoked = {}) {
        broker_->settles();
        const std::string old = file();
        ++restarts_;
        for (const char* part : {"", "-wal"}) std::filesystem::copy_file(old + part, file() + part);
        const auto passed = broker_->world().now - test::ManualLoop().now();
        clients_.clear();
        broker_.reset();
        broker_.emplace(file(), revoked, passed, jumped_);
    }
    /// Sets the wall clock alone.
    void jump(std::chrono::milliseconds by) {
        jumped_ += by;
        broker_->loop().jumpWallTime(by);
    }
    std::string file() const {
        return folder_.str() + "/broker" + std::to_string(restarts_) + ".db";
    }
    ScriptedClient& client(mqtt::Version version = mqtt::Version::V5) {
        clients_.push_back(std::make_unique<ScriptedClient>(broker_->world(), version));
        return *clients_.back();
    }
    /// Connects a session that stays.
    bool connects(ScriptedClient& who, std::string id, std::uint16_t receiveMaximum = 0,
                  std::uint32_t expiry = 3600) {
        mqtt::Connect packet = who.connectPacket(std::move(id));
        packet.cleanStart = false;
        packet.properties.sessionExpiry = expiry;
        if (receiveMaximum != 0) packet.properties.receiveMaximum = receiveMaximum;
        return who.connects(packet).sessionPresent;
    }
    void subscribes(ScriptedClient& who, std::string filter, int qos) {
        who.sends(mqtt::Subscribe{1, {{std::move(filter), static_cast<std::uint8_t>(qos)}}, {}});
        broker_->settles();
        EXPECT_EQ(who.expects<mqtt::Suback>().codes.size(), 1u);
    }
    void publishes(std::string topic, std::string payload, int qos, bool retain = false) {
        auto& who = client();
        who.connects("publisher");
        who.sends(mqtt::Publish{std::move(topic),
                                std::move(payload),
                                static_cast<std::uint8_t>(qos),
                                retain,
                                false,
                                static_cast<std::uint16_t>(qos == 0 ? 0 : 1),
                                {}});
        broker_->settles();
        if (qos == 1) who.expects<mqtt::Puback>();
        if (qos == 2) {
            who.expects<mqtt::Pubrec>();
            who.sends(mqtt::Pubrel{1, mqtt::ReasonCode::Success, {}});
            broker_->settles();
            who.expects<mqtt::Pubcomp>();
        }
    }

    TempDir folder_;
    int restarts_ = 0;
    std::chrono::milliseconds jumped_{};
    std::optional<KeptBroker> broker_{file()};
    std::vector<std::unique_ptr<ScriptedClient>> clients_;
};

}  // namespace muster::test
