#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// pomelo's messages as text that is searched, not parsed: for load generators only.
namespace muster::bench {

/// A QoS 0 PUBLISH, in the one form that pomelo uses; `topic` below 256 bytes.
void appendPublish(std::string& out, std::string_view topic, std::string_view payload);

/// The text in a JSON string, for the two escapes that JSON in JSON needs; others are kept.
void unescape(std::string_view text, std::string& out);
void appendEscaped(std::string& out, std::string_view text);

/// The value behind `key` (with quotes and colon) in an object's text, up to the comma or brace
/// that ends it; nothing if there is none.
std::string_view valueOf(std::string_view json, std::string_view key);
/// The same as a whole number; 0 if it is none.
std::size_t numberOf(std::string_view json, std::string_view key);

}  // namespace muster::bench
