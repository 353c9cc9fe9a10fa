#pragma once

#include "master/mqtt/fifo.hpp"
#include "master/mqtt/session_store.hpp"

#include <cstddef>

namespace muster::mqtt {

/// What one name's clients gave a store to write and it did not commit yet. In bytes as bytesOf()
/// counts them, exact to about 64 KiB: it may be counted a little longer, never shorter.
class StoreDebt {
public:
    /// A change at `position`, which rises.
    void add(StorePosition position, std::size_t bytes);
    /// Forgets what is committed.
    void settle(StorePosition committed);
    std::size_t bytes() const noexcept { return bytes_; }

private:
    static constexpr std::size_t kPartBytes = 64u << 10;  // so that large debts are short lists
    struct Part {
        StorePosition until = 0;
        std::size_t bytes = 0;
    };
    Fifo<Part> parts_;
    std::size_t bytes_ = 0;
};

}  // namespace muster::mqtt
