#include "test/differential/packet_json.hpp"

#include "test/differential/report.hpp"

#include <array>

#include <nlohmann/json.hpp>

namespace muster::test {

using namespace mqtt;

namespace {

using Json = nlohmann::json;

template <class Number>
void put(Json& out, const char* name, const std::optional<Number>& value) {
    if (value) out[name] = *value;
}
void put(Json& out, const char* name, const std::optional<std::string>& value) {
    if (value) out[name] = toHex(*value);
}

Json json(const Properties& from) {
    Json out = Json::object();
    put(out, "payloadFormatIndicator", from.payloadFormat);
    put(out, "messageExpiryInterval", from.messageExpiry);
    put(out, "contentType", from.contentType);
    put(out, "responseTopic", from.responseTopic);
    put(out, "correlationData", from.correlationData);
    if (!from.subscriptionIdentifiers.empty())
        out["subscriptionIdentifier"] = from.subscriptionIdentifiers;
    put(out, "sessionExpiryInterval", from.sessionExpiry);
    put(out, "assignedClientIdentifier", from.assignedClientIdentifier);
    put(out, "serverKeepAlive", from.serverKeepAlive);
    put(out, "authenticationMethod", from.authenticationMethod);
    put(out, "authenticationData", from.authenticationData);
    put(out, "requestProblemInformation", from.requestProblemInformation);
    put(out, "willDelayInterval", from.willDelay);
    put(out, "requestResponseInformation", from.requestResponseInformation);
    put(out, "responseInformation", from.responseInformation);
    put(out, "serverReference", from.serverReference);
    put(out, "reasonString", from.reasonString);
    put(out, "receiveMaximum", from.receiveMaximum);
    put(out, "topicAliasMaximum", from.topicAliasMaximum);
    put(out, "topicAlias", from.topicAlias);
    put(out, "maximumQoS", from.maximumQos);
    put(out, "retainAvailable", from.retainAvailable);
    for (const auto& [name, value] : from.userProperties)
        out["userProperties"][toHex(name)].push_back(toHex(value));
    put(out, "maximumPacketSize", from.maximumPacketSize);
    put(out, "wildcardSubscriptionAvailable", from.wildcardSubscriptionAvailable);
    put(out, "subscriptionIdentifiersAvailable", from.subscriptionIdentifierAvailable);
    put(out, "sharedSubscriptionAvailable", from.sharedSubscriptionAvailable);
    return out;
}

Json named(const char* name, const Properties& properties) {
    return Json{{"cmd", toHex(name)}, {"properties", json(properties)}};
}

struct ToJson {
    Json operator()(const Connect& packet) const {
        Json out = named("connect", packet.properties);
        out["version"] = static_cast<int>(packet.version);
        out["clean"] = packet.cleanStart ? 1 : 0;
        out["keepalive"] = packet.keepAlive;
        out["clientId"] = toHex(packet.clientId);
        put(out, "username", packet.username);
        put(out, "password", packet.password);
        if (packet.will)
            out["will"] = Json{{"topic", toHex(packet.will->topic)},
                               {"payload", toHex(packet.will->payload)},
                               {"qos", packet.will->qos},
                               {"retain", packet.will->retain ? 1 : 0},
                               {"properties", json(packet.will->properties)}};
        return out;
    }
    Json operator()(const Connack& packet) const {
        Json out = named("connack", packet.properties);
        out["sessionPresent"] = packet.sessionPresent ? 1 : 0;
        out["code"] = packet.code;
        return out;
    }
    Json operator()(const Publish& packet) const {
        Json out = named("publish", packet.properties);
        out["topic"] = toHex(packet.topic);
        out["payload"] = toHex(packet.payload);
        out["qos"] = packet.qos;
        out["retain"] = packet.retain ? 1 : 0;
        out["dup"] = packet.dup ? 1 : 0;
        out["id"] = packet.packetId;
        return out;
    }
    template <int Tag>
    Json operator()(const PublishAck<Tag>& packet) const {
        constexpr std::array kNames{"puback", "pubrec", "pubrel", "pubcomp"};
        Json out = named(kNames[Tag - 4], packet.properties);
        out["id"] = packet.packetId;
        out["code"] = static_cast<int>(packet.code);
        return out;
    }
    Json operator()(const Subscribe& packet) const {
        Json out = named("subscribe", packet.properties);
        out["id"] = packet.packetId;
        for (const Subscription& wish : packet.subscriptions)
            out["subscriptions"].push_back(Json{{"filter", toHex(wish.filter)},
                                                {"qos", wish.qos},
                                                {"nl", wish.noLocal ? 1 : 0},
                                                {"rap", wish.retainAsPublished ? 1 : 0},
                                                {"rh", wish.retainHandling}});
        return out;
    }
    Json operator()(const Unsubscribe& packet) const {
        Json out = named("unsubscribe", packet.properties);
        out["id"] = packet.packetId;
        for (const std::string& filter : packet.filters) out["filters"].push_back(toHex(filter));
        return out;
    }
    Json operator()(const Suback& packet) const { return codes("suback", packet); }
    Json operator()(const Unsuback& packet) const { return codes("unsuback", packet); }
    Json operator()(const Pingreq&) const { return named("pingreq", {}); }
    Json operator()(const Pingresp&) const { return named("pingresp", {}); }
    Json operator()(const Disconnect& packet) const { return coded("disconnect", packet); }
    Json operator()(const Auth& packet) const { return coded("auth", packet); }

private:
    template <class Answer>
    static Json codes(const char* name, const Answer& packet) {
        Json out = named(name, packet.properties);
        out["id"] = packet.packetId;
        out["codes"] = packet.codes;
        return out;
    }
    template <class Coded>
    static Json coded(const char* name, const Coded& packet) {
        Json out = named(name, packet.properties);
        out["code"] = static_cast<int>(packet.code);
        return out;
    }
};

}  // namespace

std::string packetJson(const Packet& packet) {
    return std::visit(ToJson{}, packet).dump();
}

std::string withoutUserProperties(std::string_view json) {
    Json out = Json::parse(json);
    out["properties"].erase("userProperties");
    if (out.contains("will")) out["will"]["properties"].erase("userProperties");
    return out.dump();
}

}  // namespace muster::test
