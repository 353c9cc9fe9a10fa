#pragma once

#include "bench/broker/packets.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::bench {

/// What a null broker does with a packet: CONNECT and SUBSCRIBE are granted, a PUBLISH goes byte
/// for byte to those who subscribed to its very topic. No sessions, no wildcards, no checks: the
/// least that anything called a broker does. `Client` has queue(bytes) and close().
template <class Client>
class NullRouter {
public:
    void handle(Client& from, const Frame& frame) {
        constexpr unsigned kConnect = 1, kPublish = 3, kSubscribe = 8, kPing = 12, kGoodbye = 14;
        switch (frame.type()) {
            case kConnect: return from.queue(std::string_view("\x20\x02\0\0", 4));
            case kPublish: return publish(from, frame);
            case kSubscribe: return subscribe(from, frame.body);
            case kPing: return from.queue(std::string_view("\xD0\0", 2));
            case kGoodbye: return from.close();
            default: return;  // acknowledgements
        }
    }
    void forget(Client& gone) {
        for (auto& [topic, clients] : clients_) std::erase(clients, &gone);
    }

private:
    void publish(Client& from, const Frame& frame) {
        const std::size_t size = u16At(frame.body, 0);
        const auto known = clients_.find(std::string(frame.body.substr(2, size)));
        if (known != clients_.end())
            for (Client* client : known->second) client->queue(frame.whole);
        if (frame.qos() == 0) return;
        const char ack[] = {0x40, 2, frame.body[2 + size], frame.body[3 + size]};
        from.queue(std::string_view(ack, sizeof ack));
    }
    void subscribe(Client& from, std::string_view body) {
        const std::size_t size = u16At(body, 2);
        clients_[std::string(body.substr(4, size))].push_back(&from);
        const char ack[] = {static_cast<char>(0x90), 3, body[0], body[1],
                            static_cast<char>(body[4 + size] & 3)};
        from.queue(std::string_view(ack, sizeof ack));
    }

    std::unordered_map<std::string, std::vector<Client*>> clients_;  // by topic
};

}  // namespace muster::bench
