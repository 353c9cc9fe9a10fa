#pragma once

#include "common/wire/topics.hpp"
#include "master/console/authenticator.hpp"
#include "master/mqtt/access_control.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// The rights table of docs/protocol.md ("Identities") for the embedded broker. On the master's
/// thread; the authenticator outlives it.
class TopicAccess final : public mqtt::AccessControl {
public:
    struct Options {
        std::string cluster;
        bool pomeloOnly = false;  // an external broker serves everybody else
        /// True for client ids that belong to a server or node, whoever comes first with them.
        std::function<bool(std::string_view clientId)> isMemberId;
    };

    TopicAccess(Authenticator& authenticator, Options options);

    void authenticate(mqtt::Credentials credentials,
                      std::function<void(mqtt::AuthResult)> done) override;
    bool mayPublish(const mqtt::ClientIdentity& identity, std::string_view topic) const override;
    bool mayRead(const mqtt::ClientIdentity& identity, std::string_view topic) const override;
    bool maySubscribe(const mqtt::ClientIdentity& identity, std::string_view filter) const override;
    bool isStillGranted(const mqtt::ClientIdentity& identity) const override;
    /// reply/<name>/<anything>: where this client may have its answers sent.
    std::string responseInformation(const mqtt::ClientIdentity& identity) const override;

    /// The identity of the leader's own client inside the process: all rights.
    static mqtt::ClientIdentity masterIdentity();

private:
    std::optional<Identity> certified(const mqtt::Credentials& credentials) const;
    mqtt::AuthResult admit(const mqtt::Credentials& credentials, const Identity& identity) const;
    std::vector<std::string> readable(const mqtt::ClientIdentity& identity) const;

    Authenticator& authenticator_;
    Options options_;
    wire::Topics topics_;
};

}  // namespace muster
