#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster::mqtt {

class Connection;

/// Who may come in: how many connections there are in all, from each address, and without a
/// session. Pure; connections are only addresses here. The broker's.
class Admission {
public:
    using Place = std::list<Connection*>::iterator;

    /// The address in "1.2.3.4:5" or "[::1]:5".
    static std::string_view addressOf(std::string_view peer) noexcept;

    std::size_t ofAddress(std::string_view peer) const;
    void came(std::string_view peer) { ++byAddress_[std::string(addressOf(peer))]; }
    void went(std::string_view peer);

    /// A connection has no session yet; it keeps `Place` for settled().
    Place waits(Connection& connection) { return halfOpen_.insert(halfOpen_.end(), &connection); }
    /// It has one, is of another protocol, or is closed.
    void settled(Place place) { halfOpen_.erase(place); }
    std::size_t halfOpen() const noexcept { return halfOpen_.size(); }
    /// The one that has waited longest. Precondition: halfOpen() > 0.
    Connection& oldest() const noexcept { return *halfOpen_.front(); }

private:
    std::unordered_map<std::string, std::uint32_t> byAddress_;
    std::list<Connection*> halfOpen_;  // in order of arrival
};

}  // namespace muster::mqtt
