#pragma once

#include "master/mqtt/routed_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster::mqtt {

/// Topic aliases of one connection, from the broker to the client (MQTT 5, 3.3.2.3.4): the first
/// topics that it is sent have one, as many as it takes. A value without I/O; dies with its
/// connection.
class OutgoingAliases {
public:
    /// `maximum`: the client's Topic Alias Maximum, or less.
    explicit OutgoingAliases(std::uint16_t maximum) : maximum_(maximum) {}

    /// How a PUBLISH of `topic` is written: with a known alias in place of the topic, with both if
    /// the alias is new, or without one.
    void choose(std::string_view topic, DeliveryForm& form) const;
    /// It was written in this form: a new alias is known from here on.
    void written(std::string_view topic, const DeliveryForm& form);

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view topic) const noexcept {
            return std::hash<std::string_view>()(topic);
        }
    };

    std::uint16_t maximum_;
    std::unordered_map<std::string, std::uint16_t, Hash, std::equal_to<>> aliases_;
};

}  // namespace muster::mqtt
