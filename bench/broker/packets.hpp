#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The few packets of MQTT 3.1.1 that the load generator and the null brokers need, without
/// muster's codec: what measures it must not be part of it.
namespace muster::bench {

/// The fixed header of a packet at the beginning of some bytes.
struct Frame {
    std::uint8_t first = 0;
    std::string_view body;   // after the fixed header
    std::string_view whole;  // with it
    unsigned type() const { return first >> 4U; }
    unsigned qos() const { return (first >> 1U) & 3U; }
};

/// The first packet of `bytes`; nothing if it is not whole yet. Throws if its length is no length.
std::optional<Frame> readFrame(std::string_view bytes);
/// Two bytes at `at`, which must be there.
std::uint16_t u16At(std::string_view bytes, std::size_t at);

struct ConnectOptions {
    std::string clientId;
    bool isPersistent = false;
    int keepAlive = 600;  // seconds
};
std::string connectPacket(const ConnectOptions& options);
std::string subscribePacket(std::string_view topic, unsigned qos);
/// PUBACK.
void appendAck(std::string& out, std::uint16_t packetId);

/// What the generator's payloads begin with.
struct Stamp {
    std::uint64_t sequence = 0;
    std::uint64_t sentAt = 0;  // nanoseconds
};

/// A PUBLISH of which packet id and stamp are set anew for each sending.
class PublishTemplate {
public:
    /// `size` of the payload, at least that of a Stamp.
    PublishTemplate(std::string_view topic, unsigned qos, std::size_t size);
    /// The packet id is the sequence number's, 1..65535 in turn.
    void appendTo(std::string& out, const Stamp& stamp) const;

private:
    std::string packet_;
    std::size_t packetIdAt_ = 0;  // 0: none
    std::size_t payloadAt_ = 0;
};

/// A PUBLISH that came in. Throws if it is shorter than it says.
struct Arrival {
    std::uint16_t packetId = 0;
    Stamp stamp;
};
Arrival readArrival(const Frame& publish);

}  // namespace muster::bench
