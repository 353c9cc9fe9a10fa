#include "test/differential/codec_peer.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::test {

namespace {

constexpr std::uint32_t kNotWritten = 0xFFFF'FFFF;

void appendU32(std::string& out, std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

/// Takes fields off a reply.
class ReplyReader {
public:
    explicit ReplyReader(std::string_view bytes) : rest_(bytes) {}
    std::string_view take(std::size_t size) {
        if (size > rest_.size()) throw std::runtime_error("codec_peer.js answers too little");
        const std::string_view result = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return result;
    }
    std::uint32_t u32() {
        std::uint32_t value = 0;
        for (const char c : take(4)) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }
    std::string sized() { return std::string(take(u32())); }

private:
    std::string_view rest_;
};

PeerAnswer readAnswer(ReplyReader& reader) {
    PeerAnswer answer;
    answer.kind = static_cast<PeerAnswer::Kind>(reader.take(1)[0]);
    answer.text = reader.sized();
    if (answer.kind != PeerAnswer::Kind::Packet) return answer;
    const std::uint32_t size = reader.u32();
    if (size == kNotWritten) {
        answer.unwritten = reader.sized();
    } else {
        answer.written = reader.take(size);
    }
    return answer;
}

void writeAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count <= 0) throw std::runtime_error("codec_peer.js has ended");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

CodecPeer::CodecPeer(const PeerPlace& place) {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    ::setenv("MUSTER_NODE_MODULES", place.modules.c_str(), 1);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::string node = place.node, peer = place.peer;
    std::array<char*, 3> argv{node.data(), peer.data(), nullptr};
    const int error = ::posix_spawnp(&pid_, node.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (error != 0) throw std::runtime_error("cannot run " + place.node);
}

CodecPeer::~CodecPeer() {
    ::close(in_);  // its end of input is its end
    ::close(out_);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

std::string CodecPeer::read(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size;) {
        const ssize_t count = ::read(out_, bytes.data() + at, size - at);
        if (count <= 0) throw std::runtime_error("codec_peer.js has ended");
        at += static_cast<std::size_t>(count);
    }
    return bytes;
}

std::vector<PeerAnswer> CodecPeer::ask(const std::vector<PeerQuestion>& questions) {
    std::string batch;
    for (const PeerQuestion& question : questions) {
        batch += static_cast<char>(question.version);
        appendU32(batch, question.bytes.size());
        batch += question.bytes;
    }
    std::string size;
    appendU32(size, batch.size());
    writeAll(in_, size + batch);
    const std::string head = read(4);
    const std::string reply = read(ReplyReader(head).u32());
    ReplyReader reader(reply);
    std::vector<PeerAnswer> answers;
    for (std::size_t i = 0; i < questions.size(); ++i) answers.push_back(readAnswer(reader));
    return answers;
}

}  // namespace muster::test
