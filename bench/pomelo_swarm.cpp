// N cheap pomelo monitors in one thread, so that the master under test is the bottleneck.
//
//   muster_pomelo_swarm --port P [--host 127.0.0.1] [--n 1] [--types fast,..] [--token T]
//                       [--prefix fast-] [--conc 200]
//
// Registers them, prints "REGISTERED n ms", and then behaves as module `bench` (and `echo`) of an
// unmodified monitor does: {e:1} is echoed, {op:'reset'|'count'|'blast'} work on the counter of
// notifies. Answers are double-encoded, as the original's; requests may be either. Loopback only.
// Ends when all are cut off.
#include "bench/pomelo_text.hpp"
#include "bench/swarm.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace {

using namespace muster::bench;

class PomeloMonitor final : public RawMonitor {
public:
    using RawMonitor::RawMonitor;
    void sendConnect() override {
        out_.append(
            "\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04"
            "fast",
            18);
    }

private:
    std::size_t takePackets(std::string_view bytes) override;
    void onPacket(unsigned type, std::string_view body);
    void onMonitorMessage(std::string_view payload);
    void onRequest(std::string_view requestId, std::string_view message);
    void answer(std::string_view requestId, std::string_view body);
    void blast(std::string_view body);
    void sendRegister();

    std::string text_;
};

std::size_t PomeloMonitor::takePackets(std::string_view bytes) {
    std::size_t taken = 0;
    while (!isBroken_) {
        const std::string_view rest = bytes.substr(taken);
        std::size_t length = 0, at = 1;
        for (unsigned shift = 0;; shift += 7) {
            if (at >= rest.size() || shift > 21) return taken;
            const auto byte = static_cast<unsigned char>(rest[at++]);
            length |= static_cast<std::size_t>(byte & 127) << shift;
            if (byte < 128) break;
        }
        if (length > kMaxPacket) isBroken_ = true;
        if (length > rest.size() - at) return taken;
        onPacket(static_cast<unsigned char>(rest[0]) >> 4, rest.substr(at, length));
        taken += at + length;
    }
    return taken;
}

void PomeloMonitor::onPacket(unsigned type, std::string_view body) {
    if (type == 2) return sendRegister();
    if (type == 14) isBroken_ = true;  // the master refuses it
    if (type != 3 || body.size() < 2) return;
    const std::size_t size =
        static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
    if (size + 2 > body.size()) return;
    const std::string_view topic = body.substr(2, size);
    if (topic == "register" && body.find("\"code\":1", size) != std::string_view::npos)
        swarm_.registered();
    else if (topic == "monitor")
        onMonitorMessage(body.substr(2 + size));
}

void PomeloMonitor::sendRegister() {
    const SwarmOptions& options = swarm_.options();
    const std::string names = "\"id\":\"" + id_ + "\",";
    const std::string kind = "\"serverType\":\"" + type_ + "\",";
    const std::string port = std::to_string(30'000 + fd() % 30'000);
    const std::string token = options.token.empty() ? "null" : '"' + options.token + '"';
    appendPublish(out_, "register",
                  "{" + names + "\"type\":\"monitor\"," + kind +
                      "\"pid\":" + std::to_string(::getpid()) + ",\"info\":{" + names + kind +
                      "\"host\":\"127.0.0.1\",\"port\":" + port + "},\"token\":" + token + "}");
}

void PomeloMonitor::onMonitorMessage(std::string_view payload) {
    if (payload.size() > 1 && payload.front() == '"') {
        unescape(payload.substr(1, payload.size() - 2), text_);
        payload = text_;
    }
    const std::string_view requestId = valueOf(payload, "\"reqId\":");
    if (!requestId.empty())
        onRequest(requestId, payload);
    else if (payload.find("\"command\":") == std::string_view::npos)
        ++notifies_;
}

void PomeloMonitor::onRequest(std::string_view requestId, std::string_view message) {
    const std::string_view body = valueOf(message, "\"body\":");
    if (isBlast(body)) {
        blast(body);
        return answer(requestId, blastAnswer(body));
    }
    const bool isEcho = message.find("\"moduleId\":\"echo\"") != std::string_view::npos;
    answer(requestId, answerTo(body, isEcho));
}

void PomeloMonitor::answer(std::string_view requestId, std::string_view body) {
    std::string payload = "\"{\\\"respId\\\":";
    appendEscaped(payload, requestId);  // verbatim: a number, or a string after a re-push
    payload += ",\\\"error\\\":null,\\\"body\\\":";
    appendEscaped(payload, body);
    payload += "}\"";
    appendPublish(out_, "monitor", payload);
}

void PomeloMonitor::blast(std::string_view body) {
    const Blast blast = readBlast(body);
    const std::string notify = "{\"moduleId\":\"bench\",\"body\":" + blast.body + "}";
    for (std::size_t i = 0; i < blast.total; ++i) appendPublish(out_, "monitor", notify);
}

}  // namespace

int main(int argc, char** argv) {
    return runSwarm(argc, argv, "muster_pomelo_swarm",
                    [](Swarm& swarm, int fd, std::string id, std::string type) {
                        return std::make_unique<PomeloMonitor>(swarm, fd, std::move(id),
                                                               std::move(type));
                    });
}
