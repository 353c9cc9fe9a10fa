#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace muster::test {

/// Why another implementation may differ from ours; see known_differences.cpp.
struct KnownDifference {
    std::string_view name;
    std::string_view reason;  // with the section of the specification
};

/// What a comparison found.
class Report {
public:
    explicit Report(std::string name) : name_(std::move(name)) {}

    void compared() { ++compared_; }
    /// Counts something worth knowing of the inputs, e.g. how many matched.
    void note(std::string_view what) { ++notes_[std::string(what)]; }
    /// A difference; `known` null means that no rule explains it. `what` is told for the first few.
    void differs(const KnownDifference* known, const std::string& what);
    /// Prints the figures. True: nothing is unexplained.
    bool print() const;

private:
    std::string name_;
    std::size_t compared_ = 0;
    std::size_t unexplained_ = 0;
    std::map<std::string, std::size_t> notes_;
    std::map<std::string_view, std::pair<const KnownDifference*, std::size_t>> explained_;
};

/// Bytes as hexadecimal digits.
std::string toHex(std::string_view bytes);

/// Each compares `count` generated inputs, the same ones for the same seed on every machine.
bool compareTopics(std::size_t count, std::uint32_t seed);
bool compareUtf8(std::size_t count, std::uint32_t seed);
/// `peer`: codec_peer.js, run by `node`, which finds mqtt-packet in the folder `modules`.
struct PeerPlace {
    std::string node, peer, modules;
};
bool comparePackets(std::size_t count, std::uint32_t seed, const PeerPlace& place);

}  // namespace muster::test
