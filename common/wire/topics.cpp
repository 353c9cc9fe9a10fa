#include "common/wire/topics.hpp"

#include <algorithm>
#include <initializer_list>

namespace muster::wire {
namespace {

constexpr std::size_t kMaxIdLength = 64;
constexpr std::string_view kHex = "0123456789ABCDEF";

bool isIdByte(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool isDots(std::string_view name) noexcept {
    return name == "." || name == "..";
}

std::string join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    std::string topic;
    topic.reserve(size);
    for (const auto part : parts) topic += part;
    return topic;
}

}  // namespace

Topics::Topics(std::string_view cluster) : root_(join({"muster/", cluster})) {}

std::string Topics::leader() const {
    return join({root_, "/leader"});
}
std::string Topics::presence(std::string_view id) const {
    return join({root_, "/presence/", id});
}
std::string Topics::toMaster(std::string_view senderId) const {
    return join({root_, "/to/master/", senderId});
}
std::string Topics::toMonitor(std::string_view id) const {
    return join({root_, "/to/monitor/", id});
}
std::string Topics::toType(std::string_view type) const {
    return join({root_, "/to/type/", type});
}
std::string Topics::toAll() const {
    return join({root_, "/to/all"});
}
std::string Topics::reply(std::string_view receiver, std::string_view rest) const {
    return join({root_, "/reply/", receiver, "/", rest});
}
std::string Topics::state(std::string_view kind, std::string_view id) const {
    return join({root_, "/state/", kind, "/", id});
}
std::string Topics::event(std::string_view kind, std::string_view id) const {
    return join({root_, "/event/", kind, "/", id});
}
std::string Topics::metric(std::string_view id) const {
    return join({root_, "/metric/", id});
}
std::string Topics::log(std::string_view id, std::string_view stream) const {
    return join({root_, "/log/", id, "/", stream});
}

std::optional<std::string_view> Topics::relative(std::string_view topic) const {
    if (!topic.starts_with(root_) || topic.size() <= root_.size() || topic[root_.size()] != '/')
        return std::nullopt;
    return topic.substr(root_.size() + 1);
}

bool isValidId(std::string_view id) noexcept {
    return !id.empty() && id.size() <= kMaxIdLength && !isDots(id) &&
           std::all_of(id.begin(), id.end(), isIdByte);
}

std::string nodeIdOf(std::string_view hostName) {
    constexpr std::string_view kPrefix = "node-";
    std::string id(kPrefix);
    for (const char c : hostName.substr(0, kMaxIdLength - kPrefix.size()))
        id += isIdByte(c) ? c : '-';
    return id;
}

std::string percentEncode(std::string_view name) {
    const bool hasOnlyDots = isDots(name);  // a level that tools may take for a path
    std::string level;
    level.reserve(name.size());
    for (const char c : name) {
        if (isIdByte(c) && !hasOnlyDots) {
            level += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        level += '%';
        level += kHex[byte >> 4];
        level += kHex[byte & 0xF];
    }
    return level;
}

std::optional<std::string> percentDecode(std::string_view level) {
    std::string name;
    name.reserve(level.size());
    for (std::size_t i = 0; i < level.size(); ++i) {
        if (level[i] != '%') {
            name += level[i];
            continue;
        }
        if (level.size() - i < 3) return std::nullopt;
        const auto high = kHex.find(level[i + 1]);
        const auto low = kHex.find(level[i + 2]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        name += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (percentEncode(name) != level) return std::nullopt;  // one name has one level
    return name;
}

}  // namespace muster::wire
