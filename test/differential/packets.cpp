// Our codec against npm mqtt-packet: what we write it must read, what it writes we must read, and
// of damaged packets both must say the same, or a rule says why not.
#include "master/mqtt/codec.hpp"
#include "test/differential/codec_peer.hpp"
#include "test/differential/known_differences.hpp"
#include "test/differential/packet_json.hpp"
#include "test/support/random_packets.hpp"

#include <cstdlib>

namespace muster::test {

using namespace mqtt;

namespace {

/// The bytes of one packet, whole or damaged, and how we are to read them.
struct Input {
    Version version = Version::V5;
    From from = From::Client;
    std::string bytes;
};

class InputMaker {
public:
    explicit InputMaker(std::uint32_t seed) : packets_(seed) {}

    Input make() {
        Input input;
        std::uint32_t index = 0;
        do {
            index = packets_.below(std::variant_size_v<Packet>);
            input.version = static_cast<Version>(3 + packets_.below(3));
            input.from = packets_.below(2) == 0 ? From::Client : From::Server;
        } while (!RandomPackets::exists(index, input.version, input.from));
        encode(packets_.make(index, input.version, input.from), input.version, input.bytes);
        if (packets_.below(2) == 0) damage(input);
        return input;
    }

private:
    void damage(Input& input) {
        std::string& bytes = input.bytes;
        for (auto count = 1 + packets_.below(2); count > 0 && !bytes.empty(); --count) {
            const auto place = packets_.below(static_cast<std::uint32_t>(bytes.size()));
            switch (packets_.below(5)) {
                case 0: bytes[place] = static_cast<char>(packets_.below(256)); break;
                case 1:
                    bytes[place] = static_cast<char>(bytes[place] ^ (1 << packets_.below(8)));
                    break;
                case 2:
                    bytes.erase(place, 1 + packets_.below(3));
                    fitLength(bytes);
                    break;
                case 3:
                    bytes.insert(place, 1, static_cast<char>(packets_.below(256)));
                    fitLength(bytes);
                    break;
                default: bytes.resize(place);
            }
        }
        if (bytes.empty()) bytes.push_back('\0');
        input.from = senderOf(static_cast<unsigned char>(bytes[0]) >> 4, input.from);
    }
    /// Often makes Remaining Length right again, or most damage would be found there already.
    void fitLength(std::string& bytes) {
        constexpr std::size_t kOneByte = 128;
        if (bytes.size() >= 2 && bytes.size() - 2 < kOneByte && packets_.below(4) != 0)
            bytes[1] = static_cast<char>(bytes.size() - 2);
    }
    /// mqtt-packet does not know who sends: as the one who may.
    static From senderOf(unsigned type, From from) {
        if (type == 1 || type == 8 || type == 10 || type == 12) return From::Client;
        if (type == 2 || type == 9 || type == 11 || type == 13) return From::Server;
        return type == 14 ? From::Client : from;
    }

    RandomPackets packets_;
};

class PacketComparison {
public:
    explicit PacketComparison(Report& report) : report_(report) {}

    void compare(const Input& input, const PeerAnswer& theirs) {
        report_.compared();
        const DecodeResult ours = decode(input.bytes, input.version, input.from, {});
        if (const auto* decoded = std::get_if<Decoded>(&ours))
            return accepted(input, *decoded, theirs);
        if (const auto* error = std::get_if<DecodeError>(&ours)) {
            report_.note("refused");
            if (theirs.kind != PeerAnswer::Kind::Error)
                differs(explainOurRefusal(*error), input, "we refuse: " + error->detail, theirs);
            return;
        }
        report_.note("incomplete");
        if (theirs.kind != PeerAnswer::Kind::NeedsMore)
            differs(explainOurWait(input.version, input.bytes, theirs.text), input,
                    "we wait for more", theirs);
    }

private:
    void accepted(const Input& input, const Decoded& ours, const PeerAnswer& theirs) {
        report_.note("accepted");
        if (theirs.kind != PeerAnswer::Kind::Packet)
            return differs(explainTheirRefusal(ours, input.version, input.bytes, theirs.text),
                           input, "we accept", theirs);
        const std::string json = packetJson(ours.packet);
        if (json != theirs.text)
            return differs(explainFields(ours.packet, input.version, input.bytes, theirs.text),
                           input, json, theirs);
        readAgain(input, ours, json, theirs);
    }
    void readAgain(const Input& input, const Decoded& ours, const std::string& json,
                   const PeerAnswer& theirs) {
        if (!theirs.written)
            return differs(explainUnwritten(ours.packet, theirs.unwritten), input,
                           "it does not write again: " + theirs.unwritten, theirs);
        report_.note("written by them and read by us");
        const DecodeResult again = decode(*theirs.written, input.version, input.from, {});
        const auto* decoded = std::get_if<Decoded>(&again);
        if (decoded == nullptr || decoded->size != theirs.written->size() ||
            packetJson(decoded->packet) != json)
            differs(nullptr, input, "we read otherwise: " + toHex(*theirs.written), theirs);
    }
    void differs(const KnownDifference* known, const Input& input, const std::string& what,
                 const PeerAnswer& theirs) {
        constexpr std::array kKinds{"packet", "error", "needs more"};
        std::string told;
        if (known == nullptr)
            told = "version " + std::to_string(static_cast<int>(input.version)) + ", " +
                   toHex(input.bytes) + "\n  " + what +
                   "\n  they: " + kKinds[static_cast<std::size_t>(theirs.kind)] + " " + theirs.text;
        report_.differs(known, told);
    }

    Report& report_;
};

}  // namespace

bool comparePackets(std::size_t count, std::uint32_t seed, const PeerPlace& place) {
    constexpr std::size_t kBatch = 1000;
    Report report("packets");
    InputMaker make(seed);
    CodecPeer peer(place);
    PacketComparison comparison(report);
    for (std::size_t done = 0; done < count;) {
        std::vector<Input> inputs;
        std::vector<PeerQuestion> questions;
        for (; inputs.size() < kBatch && done < count; ++done) inputs.push_back(make.make());
        for (const Input& input : inputs)
            questions.push_back({static_cast<std::uint8_t>(input.version), input.bytes});
        const auto answers = peer.ask(questions);
        for (std::size_t i = 0; i < inputs.size(); ++i) comparison.compare(inputs[i], answers[i]);
    }
    return report.print();
}

}  // namespace muster::test
