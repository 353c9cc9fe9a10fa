#include "test/fuzz/connection_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

using muster::test::kScriptRecord;

extern "C" size_t LLVMFuzzerMutate(std::uint8_t* data, size_t size, size_t maxSize);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    muster::test::checkConnections({reinterpret_cast<const char*>(data), size});
    return 0;
}

namespace {

std::size_t whole(std::size_t size) {
    return size - size % kScriptRecord;
}

}  // namespace

/// Changes scripts by records, so that what follows a change keeps its meaning; inside of a record
/// libFuzzer's own mutations work, without changing its length.
extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t maxSize,
                                          unsigned int seed) {
    std::minstd_rand random(seed);
    size = whole(size);
    const auto place = [&](std::size_t count) { return random() % count * kScriptRecord; };
    const std::size_t records = size / kScriptRecord;
    const auto choice = random() % 8;
    const bool hasRoom = size + kScriptRecord <= whole(maxSize);
    if (records == 0 || (choice == 0 && hasRoom)) {  // a record of chance
        const std::size_t at = place(records + 1);
        std::memmove(data + at + kScriptRecord, data + at, size - at);
        std::generate_n(data + at, kScriptRecord, [&] { return random() >> 8 & 0xFF; });
        return size + kScriptRecord;
    }
    if (choice == 1 && hasRoom) {  // one again, elsewhere
        const std::size_t from = place(records), at = place(records + 1);
        std::uint8_t copy[kScriptRecord];
        std::memcpy(copy, data + from, kScriptRecord);
        std::memmove(data + at + kScriptRecord, data + at, size - at);
        std::memcpy(data + at, copy, kScriptRecord);
        return size + kScriptRecord;
    }
    if (choice == 2 && records > 1) {  // one less
        const std::size_t at = place(records);
        std::memmove(data + at, data + at + kScriptRecord, size - at - kScriptRecord);
        return size - kScriptRecord;
    }
    const std::size_t at = place(records);
    if (choice == 3) {  // the same for or by another client
        data[at] = static_cast<std::uint8_t>(data[at] ^ (random() >> 8 & 0x30));
    } else if (choice == 4) {
        std::swap_ranges(data + at, data + at + kScriptRecord, data + place(records));
    } else {
        LLVMFuzzerMutate(data + at, kScriptRecord, kScriptRecord);
    }
    return size;
}

/// The beginning of one script and the end of another.
extern "C" size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, size_t firstSize,
                                            const std::uint8_t* second, size_t secondSize,
                                            std::uint8_t* out, size_t maxOutSize,
                                            unsigned int seed) {
    std::minstd_rand random(seed);
    const std::size_t head =
        std::min(whole(firstSize), random() % (firstSize / kScriptRecord + 1) * kScriptRecord);
    const std::size_t skip = random() % (secondSize / kScriptRecord + 1) * kScriptRecord;
    const std::size_t tail =
        std::min(whole(secondSize) - skip, whole(maxOutSize) - std::min(head, whole(maxOutSize)));
    std::memcpy(out, first, std::min(head, whole(maxOutSize)));
    std::memcpy(out + std::min(head, whole(maxOutSize)), second + skip, tail);
    return std::min(head, whole(maxOutSize)) + tail;
}
