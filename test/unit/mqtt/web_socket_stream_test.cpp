// WebSocket between bytes and bytes: no socket, no TLS.
#include "master/mqtt/web_socket_stream.hpp"

#include "test/support/web_socket_bytes.hpp"

#include <random>

#include <gmock/gmock.h>

using namespace muster::mqtt;
using namespace muster::test;
using State = ByteStream::State;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

/// A server's end that gets what a client would send.
class Peered {
public:
    explicit Peered(WebSocketOptions options = {})
        : sockets_(std::move(options), scratch_), stream_(sockets_.make()) {}

    /// The plain bytes that these bring.
    std::string gets(std::string_view raw) {
        std::string plain;
        stream_->decode(raw, plain);
        return plain;
    }
    /// What the server has written since the last look.
    std::string said() {
        OutputQueue& output = stream_->output();
        std::vector<std::string_view> pieces;
        output.peek(pieces, 1000);
        std::string all;
        for (const std::string_view piece : pieces) all += piece;
        output.consume(all.size());
        return all;
    }
    void opened() {
        gets(webSocketRequest());
        EXPECT_EQ(stream_->state(), State::Open);
        said();
    }
    /// Sends these bytes as the server; what stands in their frames' place.
    std::string sends(std::string_view plain) {
        OutputQueue queue;
        queue.append(plain);
        stream_->encode(queue);
        left_ = queue.bytes();
        return said();
    }
    std::size_t left() const { return left_; }
    ByteStream& stream() { return *stream_; }

private:
    StreamScratch scratch_;
    WebSockets sockets_;
    std::unique_ptr<ByteStream> stream_;
    std::size_t left_ = 0;
};

TEST(WebSocketStreams, AnswerTheRequestAsTheStandardsExampleHasIt) {
    Peered peer;
    EXPECT_EQ(peer.gets(webSocketRequest("/mqtt", "mqttv3.1")), "");
    const std::string answer = peer.said();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Protocol: mqttv3.1\r\n"));
}

TEST(WebSocketStreams, TakeARequestByteByByteAndWhatFollowsIt) {
    Peered peer;
    const std::string all = webSocketRequest() + clientFrame("first");
    std::string plain;
    for (const char byte : all.substr(0, all.size() - 3)) plain += peer.gets({&byte, 1});
    plain += peer.gets(all.substr(all.size() - 3));
    EXPECT_EQ(plain, "first");
    Peered atOnce;
    EXPECT_EQ(atOnce.gets(all), "first");
}

TEST(WebSocketStreams, RefuseInWordsOfHttp) {
    for (const auto& [request, status] :
         {std::pair(webSocketRequest("/other"), "404 Not Found"),
          {webSocketRequest("/mqtt", ""), "400 Bad Request"},
          {std::string("GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n"), "426 Upgrade Required"},
          {std::string("POST /mqtt HTTP/1.1\r\nHost: x\r\n\r\n"), "426 Upgrade Required"},
          {webSocketRequest("/mqtt", "mqtt", "Origin: http://evil.example\r\n"), "403 Forbidden"},
          {std::string("GET /mqtt\r\n\r\n"), "400 Bad Request"},
          {std::string("\x10\x0E\x00\x04MQTT\x05", 9), "400 Bad Request"},
          {std::string("\x16\x03\x01", 3), "400 Bad Request"}}) {
        Peered peer;
        EXPECT_EQ(peer.gets(request), "");
        EXPECT_THAT(peer.said(), StartsWith(std::string("HTTP/1.1 ") + status));
        EXPECT_EQ(peer.stream().state(), State::Failed);
        EXPECT_EQ(peer.gets(clientFrame("more")), "");
    }
}

TEST(WebSocketStreams, TellClientsOfAnotherVersionWhichOneIsSpoken) {
    Peered peer;
    std::string request = webSocketRequest();
    request.replace(request.find("Version: 13"), 11, "Version: 12");
    peer.gets(request);
    const std::string answer = peer.said();
    EXPECT_THAT(answer, testing::Not(HasSubstr(" 101 ")));
    EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Version: 13"));
    EXPECT_EQ(peer.stream().state(), State::Failed);
}

TEST(WebSocketStreams, BoundTheRequestAt8Kilobytes) {
    const auto ofSize = [](std::size_t size) {
        const std::size_t rest = webSocketRequest("/mqtt", "mqtt", "X: \r\n").size();
        return webSocketRequest("/mqtt", "mqtt", "X: " + std::string(size - rest, 'x') + "\r\n");
    };
    Peered fits, tooLong, endless;
    fits.gets(ofSize(8192));
    EXPECT_EQ(fits.stream().state(), State::Open);
    tooLong.gets(ofSize(8193));
    EXPECT_THAT(tooLong.said(), StartsWith("HTTP/1.1 431 "));
    endless.gets("GET /");
    for (int i = 0; i < 10'000 && endless.stream().state() == State::Opening; ++i)
        endless.gets("x");
    EXPECT_THAT(endless.said(), StartsWith("HTTP/1.1 431 "));
}

TEST(WebSocketStreams, HandOnPacketsHoweverTheyAreFramed) {
    Peered split, merged, fragments, bytes;
    split.opened();
    EXPECT_EQ(split.gets(clientFrame("ab")) + split.gets(clientFrame("cd")), "abcd");
    merged.opened();
    EXPECT_EQ(merged.gets(clientFrame("ab") + clientFrame("") + clientFrame("cd")), "abcd");
    fragments.opened();
    EXPECT_EQ(
        fragments.gets(clientFrame("ab", Opcode::Binary, false) + clientFrame("!", Opcode::Ping) +
                       clientFrame("cd", Opcode::Continuation)),
        "abcd");
    bytes.opened();
    std::string plain;
    for (const char byte : clientFrame("abcd") + clientFrame(std::string(300, 'x')))
        plain += bytes.gets({&byte, 1});
    EXPECT_EQ(plain, "abcd" + std::string(300, 'x'));
}

TEST(WebSocketStreams, HandOnLargeMessagesAsTheyCome) {
    Peered peer;
    peer.opened();
    const std::string frame = clientFrame(std::string(1'000'000, 'x'));
    std::size_t size = 0;
    for (std::size_t at = 0; at < frame.size(); at += 100'000)
        size += peer.gets(std::string_view(frame).substr(at, 100'000)).size();
    EXPECT_EQ(size, 1'000'000u);
}

TEST(WebSocketStreams, CloseAtTextMessages) {
    for (const std::string& text :
         {clientFrame("hello", Opcode::Text), clientFrame("", Opcode::Text),
          clientFrame("", Opcode::Text, false) + clientFrame("x", Opcode::Continuation)}) {
        Peered peer;
        peer.opened();
        EXPECT_EQ(peer.gets(text + clientFrame("binary")), "");
        EXPECT_EQ(peer.said(), closeFrame(1003));
        EXPECT_EQ(peer.stream().state(), State::Failed);
    }
}

TEST(WebSocketStreams, CloseAtFramesThatBreakTheStandard) {
    for (const std::string& frame :
         {serverFrame("not masked"), clientFrame("x", Opcode{3}), clientFrame("x", Opcode{11}),
          clientFrame("x", Opcode::Continuation), clientFrame(std::string(126, 'x'), Opcode::Ping),
          clientFrame("x", Opcode::Ping, false), std::string("\xC2\x81\1\1\1\1x", 7)}) {
        Peered peer;
        peer.opened();
        peer.gets(frame);
        EXPECT_EQ(peer.said(), closeFrame(1002));
        EXPECT_EQ(peer.stream().state(), State::Failed);
    }
}

TEST(WebSocketStreams, BoundAMessageOverAllItsFrames) {
    WebSocketOptions options;
    options.maxMessage = 1000;
    Peered fits(options), large(options), parts(options);
    fits.opened();
    EXPECT_EQ(fits.gets(clientFrame(std::string(1000, 'x'))).size(), 1000u);
    large.opened();
    large.gets(clientFrame(std::string(1001, 'x')));
    EXPECT_EQ(large.said(), closeFrame(1009));
    parts.opened();
    parts.gets(clientFrame(std::string(600, 'x'), Opcode::Binary, false));
    parts.gets(clientFrame(std::string(600, 'x'), Opcode::Continuation));
    EXPECT_EQ(parts.said(), closeFrame(1009));
    for (const std::uint64_t announced : {1ULL << 32, 1ULL << 62, 1ULL << 63, ~0ULL}) {
        Peered huge(options);
        huge.opened();
        huge.gets(clientFrame("x", Opcode::Binary, true, announced));
        EXPECT_EQ(huge.said(), closeFrame(1009));
        EXPECT_EQ(huge.stream().state(), State::Failed);
    }
}

TEST(WebSocketStreams, AnswerPingAndClose) {
    Peered peer;
    peer.opened();
    EXPECT_EQ(peer.gets(clientFrame("are you there", Opcode::Ping)), "");
    EXPECT_EQ(peer.said(), serverFrame("are you there", Opcode::Pong));
    EXPECT_EQ(peer.gets(clientFrame("", Opcode::Pong) + clientFrame("data")), "data");
    peer.gets(clientFrame(std::string("\x03\xE8", 2), Opcode::Close));
    EXPECT_EQ(peer.said(), closeFrame(1000));
    EXPECT_EQ(peer.stream().state(), State::Ended);
    EXPECT_EQ(peer.sends("late"), "");
}

TEST(WebSocketStreams, ChangedFramesCostTheirOwnStreamAtMost) {
    std::mt19937 random(1);
    const auto below = [&](std::size_t limit) { return random() % limit; };
    for (int round = 0; round < 2000; ++round) {
        Peered peer;
        peer.opened();
        std::string bytes = clientFrame("abc", Opcode::Binary, false) +
                            clientFrame("p", Opcode::Ping) +
                            clientFrame(std::string(200, 'x'), Opcode::Continuation) +
                            clientFrame(std::string("\x03\xE8", 2), Opcode::Close);
        for (std::size_t i = 0; i <= below(4); ++i)
            bytes[below(bytes.size())] = static_cast<char>(below(256));
        std::size_t size = 0;
        while (!bytes.empty()) {
            const std::size_t count = 1 + below(bytes.size());
            size += peer.gets(bytes.substr(0, count)).size();
            bytes.erase(0, count);
        }
        EXPECT_LE(size, 300u);
        EXPECT_EQ(peer.stream().reason().empty(), peer.stream().state() == State::Open);
        peer.stream().finish();
    }
}

TEST(WebSocketStreams, CloseAtTextThatIsNoText) {
    Peered peer;
    peer.opened();
    peer.gets(clientFrame("\xFF\xFE", Opcode::Text));
    EXPECT_EQ(peer.said(), closeFrame(1007));
    EXPECT_EQ(peer.stream().state(), State::Failed);
}

TEST(WebSocketStreams, SendAllThatIsThereAsOneBinaryMessage) {
    Peered peer;
    EXPECT_EQ(peer.sends("early"), "");  // before the handshake: it waits
    EXPECT_EQ(peer.left(), 5u);
    peer.opened();
    EXPECT_EQ(peer.sends("one packet and another"), serverFrame("one packet and another"));
    EXPECT_EQ(peer.sends(std::string(1000, 'x')), serverFrame(std::string(1000, 'x')));
}

TEST(WebSocketStreams, KeepWhatTheSocketDoesNotTakeWhereItIsBounded) {
    Peered peer;
    peer.opened();
    const std::size_t sent = peer.sends(std::string(10'000'000, 'x')).size();
    EXPECT_LE(sent, ByteStream::kMostOutput + 16);
    EXPECT_EQ(peer.left(), 10'000'000 - ByteStream::kMostOutput);
}

TEST(WebSocketStreams, SayGoodbyeOnce) {
    Peered peer;
    peer.opened();
    peer.stream().finish();
    EXPECT_EQ(peer.said(), closeFrame(1000));
    peer.stream().finish();
    EXPECT_EQ(peer.gets(clientFrame("late")), "");
    EXPECT_EQ(peer.said(), "");
    Peered half;
    half.gets("GET /mqtt HTTP/1.1\r\n");
    half.stream().finish();
    EXPECT_THAT(half.said(), StartsWith("HTTP/1.1 408 "));
    Peered silent;
    silent.stream().finish();
    EXPECT_EQ(silent.said(), "");
}

}  // namespace
