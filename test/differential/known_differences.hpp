#pragma once

#include "master/mqtt/codec.hpp"
#include "test/differential/report.hpp"

#include <string_view>

namespace muster::test {

/// Each gives the rule that explains why we and the other implementation differ, or null. `theirs`:
/// they accept it and we do not; else the other way round.
const KnownDifference* explainFilter(std::string_view filter, bool theirs);
const KnownDifference* explainTopic(std::string_view topic, bool theirs);
const KnownDifference* explainText(std::string_view text, bool theirs);

/// mqtt-packet accepts, or waits for more of, what we refuse for `error`.
const KnownDifference* explainOurRefusal(const mqtt::DecodeError& error);
/// mqtt-packet refuses, with that message, or waits for more of, what we accept.
const KnownDifference* explainTheirRefusal(const mqtt::Decoded& ours, mqtt::Version version,
                                           std::string_view bytes, std::string_view message);
/// mqtt-packet refuses, with that message, what we wait for more of.
const KnownDifference* explainOurWait(mqtt::Version version, std::string_view bytes,
                                      std::string_view message);
/// Both accept `bytes`, but mqtt-packet reads `theirJson` in them.
const KnownDifference* explainFields(const mqtt::Packet& ours, mqtt::Version version,
                                     std::string_view bytes, std::string_view theirJson);
/// mqtt-packet will not write again what it has read.
const KnownDifference* explainUnwritten(const mqtt::Packet& packet, std::string_view message);

}  // namespace muster::test
