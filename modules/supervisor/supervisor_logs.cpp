#include "modules/supervisor/log_pages.hpp"
#include "modules/supervisor/supervisor_master.hpp"

#include <muster/json.hpp>

#include <map>
#include <utility>

// What servers wrote: asked of the nodes that have it.
namespace muster::supervisor {

using Json = nlohmann::json;

namespace {

constexpr std::chrono::milliseconds kNodeAnswers{5'000};

/// One question until each node has answered or failed.
struct LogRound {
    Json logs = Json::array();
    std::size_t missing = 1;  // one until all are asked
    Reply reply;

    void fail(const Json& streams, const std::string& why) {
        for (const Json& stream : streams)
            logs.push_back({{"id", stream["id"]}, {"stream", stream["stream"]}, {"error", why}});
    }
    void arrived() {
        if (--missing == 0) reply(jsonText({{"logs", std::move(logs)}}));
    }
};

bool isStream(const Json& stream) {
    const auto isText = [&stream](const char* key) {
        const auto found = stream.find(key);
        return found != stream.end() && found->is_string();
    };
    return stream.is_object() && isText("id") && isText("stream");
}

}  // namespace

void SupervisorMaster::logs(const JsonText& message, const Reply& reply) {
    const Json json = Json::parse(message, nullptr, false);
    const auto streams = json.find("streams");
    if (streams == json.end() || !streams->is_array() || streams->empty() ||
        streams->size() > kMostLogStreams)
        return reply(Error(Errc::BadMessage,
                           "\"logs\" needs 1 to " + std::to_string(kMostLogStreams) + " streams"));
    auto round = std::make_shared<LogRound>();
    round->reply = reply;
    std::map<std::string, Json> asked;  // by node
    for (const Json& stream : *streams) {
        if (!isStream(stream))
            return reply(Error(Errc::BadMessage, "a stream has an id and is stdout or stderr"));
        const Fleet::Server* server = fleet_.find(stream["id"].get<std::string>());
        if (server == nullptr)
            round->fail(Json::array({stream}), "no such server");
        else if (server->nodeId.empty())
            round->fail(Json::array({stream}),
                        "it is not started by muster: its output goes elsewhere");
        else
            asked[server->nodeId].push_back(stream);
    }
    for (auto& [nodeId, wanted] : asked) {
        Json body{{"op", "logs"}, {"streams", wanted}};
        body["bytes"] = kMostLogBytes * wanted.size() / streams->size();
        for (const char* key : {"tail", "open"})
            if (json.contains(key)) body[key] = json[key];
        ++round->missing;
        agent_->request(
            nodeId, "supervisor", jsonText(body),
            [round, wanted = wanted, nodeId = nodeId](const Result<JsonText>& answer) {
                const auto parsed = answer ? parseJson(*answer) : Result<Json>(answer.error());
                if (parsed && parsed->is_object() && parsed->contains("logs") &&
                    parsed->at("logs").is_array())
                    for (const Json& page : parsed->at("logs")) round->logs.push_back(page);
                else
                    round->fail(wanted,
                                nodeId + " does not answer: " +
                                    (parsed ? "no usable answer" : parsed.error().detail()));
                round->arrived();
            },
            kNodeAnswers);
    }
    round->arrived();
}

}  // namespace muster::supervisor
