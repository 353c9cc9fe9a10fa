#pragma once

#include "common/mqtt/client.hpp"

#include <muster/result.hpp>

#include <mqtt/async_client.h>

// The border to Paho's types. Inside namespace muster::mqtt, `mqtt` is ours: Paho's is `paho`.
namespace paho = ::mqtt;

namespace muster::mqtt {

inline constexpr int kMaxUnacknowledged = 1000;

/// mqtt:// and mqtts:// as Paho has them, tcp:// and ssl://. BadMessage for anything else.
Result<std::string> pahoUrl(const std::string& url);

/// The options of one client; Paho wants the protocol version here and in the connect options.
paho::create_options createOptions(const ConnectOptions& options);

/// Fills `out`, which must stay where it is until connect() has returned: copying or moving
/// connect options that hold MQTT 5 properties loses or dangles them (paho.mqtt.cpp #445).
void fillConnectOptions(const ConnectOptions& options, paho::connect_options& out);

/// BadMessage if a client must not send it: topic, size, QoS.
Result<void> checkMessage(const Message& message);

/// In versions before 5 without properties.
paho::message_ptr toPaho(const Message& message, int version);
Message fromPaho(const paho::message& message);

}  // namespace muster::mqtt
