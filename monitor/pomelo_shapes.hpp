#pragma once

#include <muster/types.hpp>

#include <string_view>

namespace muster {

/// What a handler of this server answered, in the shape that an original master and its command
/// line expect of the same request: megabytes and minutes as text, and so on
/// (pomelo lib/modules/console.js, `list`). Other answers stay as they are.
JsonText pomeloShape(std::string_view moduleId, const JsonText& request, JsonText answer);

/// A reason why this notify would end an original master; empty: it would not.
std::string_view dangerOf(std::string_view moduleId, const JsonText& body);

}  // namespace muster
