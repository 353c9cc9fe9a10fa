#include "test/fuzz/codec_check.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    muster::test::checkCodec({reinterpret_cast<const char*>(data), size});
    return 0;
}
