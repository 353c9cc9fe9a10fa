#pragma once

#include "test/integration/durability/load_client.hpp"

#include <deque>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace muster::test {

/// Chance with a seed, shared by all roles of a run.
class Chance {
public:
    explicit Chance(std::uint32_t seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_()) % bound;
    }

private:
    std::mt19937 random_;
};

/// Publishes numbered messages at QoS 1 or 2 and sends again what was not acknowledged, with DUP
/// and in order, until it is.
class Publisher final : public LoadClient {
public:
    Publisher(int number, std::uint8_t qos, std::uint16_t port, Violations& violations,
              Chance& chance);

    /// Lets it publish so many more.
    void allow(std::size_t messages) { allowed_ = sent_ + messages; }
    std::size_t sent() const noexcept { return sent_; }
    bool isDone() const noexcept { return open_.empty(); }
    std::uint8_t qos() const noexcept { return qos_; }
    /// For each message whether the broker has taken it.
    const std::vector<bool>& acknowledged() const noexcept { return acknowledged_; }

private:
    struct Open {
        std::uint16_t packetId;
        std::size_t sequence;
        bool isReceived;  // PUBREC came
        bool isReleased;  // PUBREL was sent, on this connection
    };
    void onUp() override;
    void onPacket(const mqtt::Packet& packet) override;
    void work() override;
    void publish(const Open& open, bool isAgain);
    Open* find(std::uint16_t packetId);
    void finish(std::uint16_t packetId);

    int number_;
    std::uint8_t qos_;
    Chance& chance_;
    bool isReady_ = false;  // its session is promised
    std::size_t sent_ = 0, allowed_ = 0;
    std::uint16_t nextId_ = 0;
    std::deque<Open> open_;
    std::vector<bool> acknowledged_;
};

/// Receives everything that publishers send, at most at `qos`, remembers the ids of QoS 2 until
/// PUBREL, and takes its time to acknowledge.
class Subscriber final : public LoadClient {
public:
    Subscriber(std::string id, std::uint8_t qos, mqtt::Version version, std::uint16_t port,
               Violations& violations, Chance& chance);

    bool isSubscribed() const noexcept { return isSubscribed_; }
    /// How many times message `sequence` of a publisher came, as its application counts.
    std::size_t received(int publisher, std::size_t sequence) const;
    std::uint8_t qos() const noexcept { return qos_; }
    std::size_t duplicates() const noexcept { return duplicates_; }

private:
    void onUp() override;
    void onPacket(const mqtt::Packet& packet) override;
    void work() override;
    void onMessage(const mqtt::Publish& packet);
    void deliver(const mqtt::Publish& packet);

    std::uint8_t qos_;
    Chance& chance_;
    bool isSubscribed_ = false;
    std::set<std::uint16_t> unreleased_;
    std::deque<mqtt::Packet> answers_;  // to be sent when it likes to
    std::map<int, std::vector<std::uint8_t>> counts_;
    std::map<int, std::size_t> next_;
    std::size_t duplicates_ = 0;
};

/// Rising versions of retained messages, each sent until it is acknowledged. Every seventh removes
/// the message.
class RetainedWriter final : public LoadClient {
public:
    static constexpr std::size_t kTopics = 8;
    RetainedWriter(std::uint16_t port, Violations& violations);

    struct Versions {
        std::size_t acknowledged = 0;
        std::size_t sent = 0;
    };
    const std::vector<Versions>& topics() const noexcept { return topics_; }
    static bool isRemoval(std::size_t version) { return version % 7 == 0; }

private:
    void onUp() override;
    void onPacket(const mqtt::Packet& packet) override;
    void publish(std::size_t topic, bool isAgain);

    std::vector<Versions> topics_;
};

/// Comes once, with a clean session, and compares what is retained with what the writer knows.
class RetainedReader final : public LoadClient {
public:
    RetainedReader(int number, std::uint16_t port, Violations& violations,
                   const RetainedWriter& writer);
    bool isDone() const noexcept { return isDone_; }

private:
    void onUp() override;
    void onPacket(const mqtt::Packet& packet) override;
    void check();

    const RetainedWriter& writer_;
    std::vector<RetainedWriter::Versions> before_;
    std::map<std::string, std::size_t> found_;
    bool isDone_ = false;
};

}  // namespace muster::test
