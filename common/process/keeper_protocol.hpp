#pragma once

#include "common/process/process_settings.hpp"

#include <muster/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sys/types.h>

/// What keeper and node say to each other over `<state>/keeper.sock` (keeper/README.md): frames of
/// a 4 byte big-endian length and a JSON object.
namespace muster::keeper {

inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kMaxRequest = 1 << 20;  // bytes of one frame to the keeper
inline constexpr std::size_t kMaxAnswer = 16 << 20;  // bytes of one frame from the keeper

/// How much of a server's stderr its exit carries.
inline constexpr std::size_t kMaxLastLines = 12;
inline constexpr std::size_t kMaxLastBytes = 2 << 10;  // of all lines together

/// The file names below the state directory.
inline constexpr std::string_view kSocketFile = "keeper.sock";
/// The id under which the keeper holds the node; no server may have it.
inline constexpr std::string_view kNodeId = "muster-node";

struct SpawnRequest {
    std::string id;     // [A-Za-z0-9._-]{1,64}
    std::string nonce;  // [A-Za-z0-9-]{8,64}; must stand in env as MUSTER_NONCE
    std::vector<std::string> argv;
    std::vector<std::string> env;  // "NAME=value": the whole environment
    std::string cwd;               // absolute; empty: /
    std::string user;              // empty: as the keeper runs
    ProcessSettings settings;
    std::string readyPattern;  // a line of output that contains it is told once; empty: none
    bool operator==(const SpawnRequest&) const = default;
};

struct ExitStatus {
    bool isKnown = false;  // false: it ended while it was not the keeper's child
    int code = 0;          // of exit(), if signal is 0
    int signal = 0;        // that ended it; 0: none
    bool hasCore = false;
    std::int64_t timeMs = 0;               // wall clock, Unix milliseconds
    std::int64_t ranForMs = 0;             // by the monotonic clock
    bool isOutOfMemory = false;            // the kernel killed it at the limit of its cgroup
    std::int64_t memoryLimit = 0;          // bytes: that limit
    std::vector<std::string> lastLines{};  // of its stderr: at most 12, 2 KiB, harmless to print
    int remnants = 0;                      // processes it left behind that were killed
    int remaining = 0;  // of these, still there after all tries; told again when there is none
    bool operator==(const ExitStatus&) const = default;
};

struct ChildState {
    std::string id;
    std::string nonce;
    pid_t pid = 0;
    std::uint64_t startTicks = 0;
    std::int64_t startedMs = 0;      // wall clock, Unix milliseconds
    bool isAdopted = false;          // of an earlier keeper: its exit status will be unknown
    bool isMatched = false;          // readyPattern was seen
    std::uint64_t lostLines = 0;     // of its output, since the disk was full
    std::string cgroup;              // its directory, or "none: " and why; empty: not known
    std::optional<ExitStatus> exit;  // absent: running
    bool operator==(const ChildState&) const = default;
};

struct Request {
    enum class Op {
        Spawn,
        Signal,
        Sweep,
        List,
        Forget,
        Attach,
        Shutdown,
        Release,
        Upgrade
    } op = Op::List;
    std::uint64_t seq = 0;  // repeated in the answer
    SpawnRequest spawn;     // Spawn
    std::string id, nonce;  // Signal, Sweep, Forget: this very life of it; Release: its last
    int signal = 0;         // Signal: to the whole process group
    std::string program;    // Upgrade: absolute; what the keeper executes in its own place
};

struct Answer {
    std::uint64_t seq = 0;
    std::optional<Error> error;
    std::vector<ChildState> children;  // Spawn: the new one; List, Attach: all
    int count = 0;                     // Sweep: processes killed; Attach: the keeper's pid
};

struct Event {
    enum class Kind {
        Exited,
        Matched,
        Ending  // the keeper was told to end, and its node with it; of no child
    } kind = Kind::Exited;
    ChildState child;
};

std::string encode(const Request& request);
std::string encode(const Answer& answer);
std::string encode(const Event& event);
/// BadMessage says which field and why: ids, sizes, NUL bytes, signal numbers are checked here.
Result<Request> decodeRequest(std::string_view text);
Result<std::variant<Answer, Event>> decodeFromKeeper(std::string_view text);

/// A child's state as the JSON text that both sides also keep on disk.
std::string encode(const ChildState& child);
/// An exit as a JSON object, as it also stands in a node's reports. Decoding is total: what is not
/// there or of another kind is as if it had not happened.
JsonText encode(const ExitStatus& exit);
ExitStatus decodeExit(std::string_view text);
Result<ChildState> decodeChild(std::string_view text);

/// `text` with its length in front.
std::string frame(std::string_view text);

/// Cuts a stream into frames. Bounded; total.
class FrameReader {
public:
    explicit FrameReader(std::size_t maxSize) : maxSize_(maxSize) {}
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    /// The next whole frame; no value: not yet. Limit: a length above the bound, close the stream.
    Result<std::optional<std::string>> next();

private:
    std::size_t maxSize_;
    std::string buffer_;
};

}  // namespace muster::keeper
