#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// MQTT packets by hand, for raw connections.
namespace muster::test {

/// Text with its length in front (MQTT 5, 1.5.4).
inline std::string mqttText(std::string_view text) {
    std::string bytes{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xFF)};
    return bytes += text;
}

inline std::string mqttPacket(unsigned char head, std::string_view body) {
    std::string bytes(1, static_cast<char>(head));
    std::size_t rest = body.size();
    do {
        bytes += static_cast<char>((rest & 127) | (rest > 127 ? 128 : 0));
        rest >>= 7;
    } while (rest > 0);
    return bytes += body;
}

/// What pomelo's sockets send first: MQTT 3.1.1, clean, no keep alive, no user.
inline std::string pomeloConnect() {
    return mqttPacket(0x10,
                      mqttText("MQTT") + std::string("\x04\x02\0\0", 4) + mqttText("MQTT_ADMIN_1"));
}

/// A CONNECT of MQTT 5 with a user name and password; clean start, no properties.
inline std::string connect5(std::string_view id, std::string_view user, std::string_view password) {
    return mqttPacket(0x10, mqttText("MQTT") + std::string("\x05\xC2\0\x3C\0", 5) + mqttText(id) +
                                mqttText(user) + mqttText(password));
}

/// QoS 0; `isVersion5` adds the empty properties.
inline std::string publish0(std::string_view topic, std::string_view payload,
                            bool isVersion5 = false) {
    std::string body = mqttText(topic);
    if (isVersion5) body += '\0';
    return mqttPacket(0x30, body += payload);
}

}  // namespace muster::test
