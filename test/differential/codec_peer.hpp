#pragma once

#include "test/differential/report.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace muster::test {

/// Bytes for mqtt-packet to parse.
struct PeerQuestion {
    std::uint8_t version = 5;
    std::string_view bytes;
};

/// What mqtt-packet made of them.
struct PeerAnswer {
    enum class Kind { Packet, Error, NeedsMore } kind = Kind::NeedsMore;
    std::string text;                    // canonical JSON, or the error
    std::optional<std::string> written;  // the packet as it writes it
    std::string unwritten;               // why it does not
};

/// mqtt-packet in a Node.js process of its own (codec_peer.js). Throws if it cannot run or ends.
class CodecPeer {
public:
    explicit CodecPeer(const PeerPlace& place);
    ~CodecPeer();
    CodecPeer(const CodecPeer&) = delete;
    CodecPeer& operator=(const CodecPeer&) = delete;

    /// One answer for each question, in order.
    std::vector<PeerAnswer> ask(const std::vector<PeerQuestion>& questions);

private:
    std::string read(std::size_t size);

    pid_t pid_ = -1;
    int in_ = -1;
    int out_ = -1;
};

}  // namespace muster::test
