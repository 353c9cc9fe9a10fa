#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The topic tree's names (docs/protocol.md), written once.
namespace muster::wire {

inline constexpr int kProtocolVersion = 1;
/// The name under which the leader stands in topics and connects; reserved.
inline constexpr std::string_view kMasterName = "master";
inline constexpr std::string_view kAnonymousName = "anonymous";

/// Builds and takes apart topics of one cluster. Immutable after construction.
class Topics {
public:
    explicit Topics(std::string_view cluster);
    const std::string& root() const { return root_; }  // "muster/<cluster>"
    std::string leader() const;
    std::string presence(std::string_view id) const;
    std::string toMaster(std::string_view senderId) const;
    std::string toMonitor(std::string_view id) const;
    std::string toType(std::string_view type) const;
    std::string toAll() const;
    /// reply/<receiver>/<rest>; `rest` is the responder's id, or a client's own sub-address.
    std::string reply(std::string_view receiver, std::string_view rest) const;
    std::string state(std::string_view kind, std::string_view id) const;  // state/<kind>/<id>
    std::string event(std::string_view kind, std::string_view id) const;
    std::string metric(std::string_view id) const;
    std::string log(std::string_view id, std::string_view stream) const;
    /// What follows `root/` in `topic`; no value if it is another tree.
    std::optional<std::string_view> relative(std::string_view topic) const;

private:
    std::string root_;
};

/// [A-Za-z0-9._-]{1,64}, and neither "." nor "..".
bool isValidId(std::string_view id) noexcept;
/// The id of the host agent of a host: "node-" and its name, with what is not of the id alphabet
/// replaced by "-"; at most 64 bytes.
std::string nodeIdOf(std::string_view hostName);
/// Any name as one topic level: bytes outside the id alphabet become %XX (upper case).
std::string percentEncode(std::string_view name);
/// No value if `level` is not what percentEncode makes.
std::optional<std::string> percentDecode(std::string_view level);

}  // namespace muster::wire
