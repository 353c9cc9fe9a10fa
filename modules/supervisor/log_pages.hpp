#pragma once

#include <muster/result.hpp>
#include <muster/types.hpp>

#include <cstddef>
#include <string>

namespace muster::supervisor {

/// Of one request for logs.
inline constexpr std::size_t kMostLogStreams = 64;
/// Of all lines of one answer together, so that it fits into one packet however they are escaped.
inline constexpr std::size_t kMostLogBytes = 128 << 10;

/// Answers {"op":"logs","streams":[{"id","stream","cursor"?}],"tail"?:n,"bytes"?:n,"open"?:bool}
/// with
/// {"logs":[{"id","stream","cursor","lines":[[unix ms, text]],"more"?,"gap"?} or {"id","stream",
/// "error"}]}: a page of each stream, all of them `bytes` at most. BadMessage if it is no such
/// request. Reads the disk, see LogReader.
Result<JsonText> readLogs(const std::string& stateDirectory, const JsonText& message);

}  // namespace muster::supervisor
