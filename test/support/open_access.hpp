#pragma once

#include "master/mqtt/access_control.hpp"

#include <functional>
#include <string_view>
#include <utility>

namespace muster::test {

/// Lets everybody in under their user name ("anonymous" without one), and everything be written and
/// read.
class OpenAccess final : public mqtt::AccessControl {
public:
    void authenticate(mqtt::Credentials credentials,
                      std::function<void(mqtt::AuthResult)> done) override {
        mqtt::AuthResult result;
        result.code = mqtt::ReasonCode::Success;
        result.identity.name = std::move(credentials.username).value_or("anonymous");
        done(result);
    }
    bool mayPublish(const mqtt::ClientIdentity&, std::string_view) const override { return true; }
    bool mayRead(const mqtt::ClientIdentity&, std::string_view) const override { return true; }
    bool maySubscribe(const mqtt::ClientIdentity&, std::string_view) const override { return true; }
};

}  // namespace muster::test
