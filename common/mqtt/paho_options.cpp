#include "common/mqtt/paho_options.hpp"

#include <algorithm>
#include <limits>

namespace muster::mqtt {
namespace {

constexpr std::size_t kMaxTopic = 65'535;           // MQTT 5, 1.5.4
constexpr std::size_t kMaxPayload = 256'000'000;    // below MQTT's greatest packet
constexpr std::chrono::seconds kMaxExpiry{86'400};  // Paho C 1.3.12 breaks from 2^31 on (#1336)

std::int32_t expirySeconds(std::chrono::seconds expiry) {
    return static_cast<std::int32_t>(
        std::clamp(expiry, std::chrono::seconds(0), kMaxExpiry).count());
}

paho::properties messageProperties(const Message& message) {
    using P = paho::property;
    paho::properties out;
    if (!message.responseTopic.empty()) out.add(P(P::RESPONSE_TOPIC, message.responseTopic));
    if (!message.correlationData.empty()) out.add(P(P::CORRELATION_DATA, message.correlationData));
    if (message.expiry) out.add(P(P::MESSAGE_EXPIRY_INTERVAL, expirySeconds(*message.expiry)));
    for (const auto& [name, value] : message.userProperties)
        out.add(P(P::USER_PROPERTY, name, value));
    return out;
}

void setTls(const ConnectOptions& options, paho::connect_options& out) {
    paho::ssl_options tls;  // no error handler: Paho may call it when its options are gone (#325)
    if (!options.caFile.empty()) tls.set_trust_store(options.caFile);
    if (!options.certFile.empty()) tls.set_key_store(options.certFile);
    if (!options.keyFile.empty()) tls.set_private_key(options.keyFile);
    tls.set_enable_server_cert_auth(true);
    tls.set_verify(true);  // the certificate's name too
    out.set_ssl(tls);
}

std::string stringOf(const paho::properties& properties, paho::property::code id) {
    return properties.contains(id) ? paho::get<std::string>(properties, id) : std::string();
}

}  // namespace

Result<std::string> pahoUrl(const std::string& url) {
    if (url.starts_with("mqtt://")) return "tcp://" + url.substr(7);
    if (url.starts_with("mqtts://")) return "ssl://" + url.substr(8);
    return Error(Errc::BadMessage, "broker address must be mqtt://host:port or mqtts://host:port");
}

paho::create_options createOptions(const ConnectOptions& options) {
    paho::create_options out;
    out.set_mqtt_verison(options.version >= 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
    // Paho's own queue holds what it has not yet written; its bound is the client's bound.
    out.set_max_buffered_messages(kMaxUnacknowledged);
    out.set_send_while_disconnected(false);
    return out;
}

void fillConnectOptions(const ConnectOptions& options, paho::connect_options& out) {
    const bool isV5 = options.version >= 5;
    out.set_mqtt_version(isV5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
    if (isV5) {
        out.set_clean_start(options.cleanStart);
        paho::properties properties;
        properties.add(paho::property(paho::property::SESSION_EXPIRY_INTERVAL,
                                      expirySeconds(options.sessionExpiry)));
        out.set_properties(std::move(properties));
    } else {
        out.set_clean_session(options.cleanStart);
    }
    out.set_keep_alive_interval(std::clamp<int>(static_cast<int>(options.keepAlive.count()), 0,
                                                std::numeric_limits<std::uint16_t>::max()));
    out.set_automatic_reconnect(false);        // the client has its own loop (C #221, #943, #1341)
    out.set_max_inflight(kMaxUnacknowledged);  // the client has a window of its own
    // Only a backstop: Paho looks at it every few seconds. The client has a timer of its own.
    const auto timeout = std::chrono::ceil<std::chrono::seconds>(options.connectTimeout);
    out.set_connect_timeout(static_cast<int>(timeout.count()) + 5);
    if (!options.username.empty()) out.set_user_name(options.username);
    if (!options.password.empty()) out.set_password(options.password);
    if (options.will) {
        const Message& will = *options.will;
        paho::will_options pahoWill(will.topic, will.payload.data(), will.payload.size(), will.qos,
                                    will.retain);
        if (isV5) pahoWill.set_properties(messageProperties(will));
        out.set_will(pahoWill);
    }
    if (options.url.starts_with("mqtts://")) setTls(options, out);
}

Result<void> checkMessage(const Message& message) {
    const auto bad = [](const char* why) { return Error(Errc::BadMessage, why); };
    if (message.topic.empty()) return bad("the topic is empty");
    if (message.topic.size() > kMaxTopic || message.responseTopic.size() > kMaxTopic)
        return bad("the topic is longer than 65535 bytes");
    if (message.topic.find_first_of(std::string_view("+#\0", 3)) != std::string::npos)
        return bad("the topic has a wildcard or U+0000");
    if (message.payload.size() > kMaxPayload) return bad("the payload is larger than 256 MB");
    if (message.correlationData.size() > kMaxTopic)
        return bad("correlation data above 65535 bytes");
    if (message.qos < 0 || message.qos > 2) return bad("QoS must be 0, 1 or 2");
    return {};
}

paho::message_ptr toPaho(const Message& message, int version) {
    auto out = paho::message::create(message.topic, message.payload.data(), message.payload.size(),
                                     message.qos, message.retain);
    if (version >= 5) out->set_properties(messageProperties(message));
    return out;
}

Message fromPaho(const paho::message& message) {
    using P = paho::property;
    Message out;
    out.topic = message.get_topic();
    out.payload = message.get_payload_str();
    out.qos = message.get_qos();
    out.retain = message.is_retained();
    const paho::properties& properties = message.get_properties();
    out.responseTopic = stringOf(properties, P::RESPONSE_TOPIC);
    out.correlationData = stringOf(properties, P::CORRELATION_DATA);
    if (properties.contains(P::MESSAGE_EXPIRY_INTERVAL))
        out.expiry =
            std::chrono::seconds(paho::get<std::uint32_t>(properties, P::MESSAGE_EXPIRY_INTERVAL));
    for (std::size_t i = 0; i < properties.count(P::USER_PROPERTY); ++i) {
        auto [name, value] = paho::get<paho::string_pair>(properties, P::USER_PROPERTY, i);
        out.userProperties.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

}  // namespace muster::mqtt
