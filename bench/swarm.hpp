#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What the swarms of raw monitors share: N sockets in one epoll loop, and what module `bench`
/// answers. Text is searched, not parsed: fit for the masters' own messages only.
namespace muster::bench {

inline constexpr std::size_t kMaxPacket = 8 << 20;

struct SwarmOptions {
    std::string host = "127.0.0.1";
    int port = 0;
    int count = 1;
    int concurrency = 200;  // that many connect at a time
    std::vector<std::string> types{"fast"};
    std::string prefix = "fast-";
    std::string token;  // empty: none
    std::string cluster = "bench";
};

class Swarm;

/// One emulated monitor: a socket and a counter of notifies.
class RawMonitor {
public:
    /// Takes `fd` over.
    RawMonitor(Swarm& swarm, int fd, std::string id, std::string type)
        : swarm_(swarm), id_(std::move(id)), type_(std::move(type)), fd_(fd) {}
    virtual ~RawMonitor();
    RawMonitor(const RawMonitor&) = delete;
    RawMonitor& operator=(const RawMonitor&) = delete;

    int fd() const { return fd_; }
    const std::string& id() const { return id_; }
    /// Appends the first packet to `out_`.
    virtual void sendConnect() = 0;
    /// False when the connection is over.
    bool onReadable(std::string& scratch);
    bool flush();

protected:
    /// Handles the whole packets at the beginning of `bytes`; how many bytes they were.
    virtual std::size_t takePackets(std::string_view bytes) = 0;
    /// What module `bench` or `echo` answers to a request's `body`, but for a blast.
    std::string answerTo(std::string_view body, bool isEchoModule);

    Swarm& swarm_;
    std::string id_, type_;
    std::string out_;  // written once per round
    std::uint64_t notifies_ = 0;
    bool isBroken_ = false;

private:
    int fd_;
    std::string in_;         // the beginning of a packet whose rest has not come
    bool isWaiting_ = true;  // for the socket to take more; at first, for the connection
};

/// {"op":"blast"}: that many notifies of that size, within bounds.
struct Blast {
    std::size_t total = 0;
    std::string body;
};
bool isBlast(std::string_view body);
Blast readBlast(std::string_view body);
/// {"sent":n}
std::string blastAnswer(std::string_view body);

using MakeMonitor = std::function<std::unique_ptr<RawMonitor>(Swarm& swarm, int fd, std::string id,
                                                              std::string type)>;

class Swarm {
public:
    Swarm(SwarmOptions options, MakeMonitor makeMonitor);
    ~Swarm();
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    const SwarmOptions& options() const { return options_; }
    /// Until all were cut off.
    void run();
    /// One more has registered. Prints "REGISTERED n ms" when all have.
    void registered();
    void watch(const RawMonitor& monitor, int operation, unsigned events) const;

private:
    void startOne();
    void end(const RawMonitor& monitor);

    SwarmOptions options_;
    MakeMonitor makeMonitor_;
    int epoll_;
    int started_ = 0;
    int registered_ = 0;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<RawMonitor>> monitors_;
};

/// The whole program `name`, with its arguments. Its exit status.
int runSwarm(int argc, char** argv, const char* name, MakeMonitor makeMonitor);

}  // namespace muster::bench
