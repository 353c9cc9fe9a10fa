#pragma once

#include "master/mqtt/codec.hpp"
#include "test/support/manual_session_store.hpp"
#include "test/support/scripted_client.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace muster::test {

inline constexpr std::size_t kMost = 4U << 20;  // of a name, for those of its clients who write
inline constexpr std::size_t kMostOfAll = 8U << 20;  // of a name, for all of its clients
inline constexpr std::size_t kLarge = 900U << 10;    // of a message: five are more than kMost

/// A broker with a store that commits when told to, and clients of the users `p` and `o`.
struct BrokerStoreDebt : ::testing::Test {
    BrokerStoreDebt() { EXPECT_TRUE(world.broker.restore(store, world.now)); }

    static mqtt::Connect of(const std::string& user, ScriptedClient& client, std::string id) {
        mqtt::Connect packet = client.connectPacket(std::move(id));
        packet.username = user;
        return packet;
    }
    static void writes(ScriptedClient& client, std::size_t times = 1) {
        for (std::size_t i = 0; i < times; ++i)
            client.sends(mqtt::Publish{"a", std::string(kLarge, 'x'), 0, true, false, 0, {}});
    }
    std::size_t owed() const {
        std::size_t sum = 0;
        for (std::size_t i = store.committed(); i < store.changes.size(); ++i)
            sum += mqtt::bytesOf(store.changes[i]);
        return sum;
    }
    /// So many messages to a topic of 60 000 bytes: under alias 1, nine bytes each but for the
    /// first.
    static std::string aliasedBytes(std::size_t times) {
        mqtt::Publish first{std::string(60'000, 't'), "x", 0, true, false, 0, {}};
        first.properties.topicAlias = 1;
        mqtt::Publish next{"", "y", 0, true, false, 0, {}};
        next.properties.topicAlias = 1;
        std::string bytes;
        encode(first, mqtt::Version::V5, bytes);
        for (std::size_t i = 1; i < times; ++i) encode(next, mqtt::Version::V5, bytes);
        return bytes;
    }
    static std::string bytesOf(const mqtt::Packet& packet) {
        std::string bytes;
        encode(packet, mqtt::Version::V5, bytes);
        return bytes;
    }
    std::uint64_t pauses() { return world.broker.counters().storePauses; }
    static bool isRead(ScriptedClient& client) { return client.connection().wantsInput(); }

    ManualSessionStore store;  // outlives the broker
    BrokerWorld world;
    ScriptedClient publisher{world};
    ScriptedClient sibling{world};
    ScriptedClient other{world};
};

}  // namespace muster::test
