#pragma once

#include "master/mqtt/fifo.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::mqtt {

/// A connection's unsent bytes. Small pieces are copied together; large payloads are shared between
/// all their receivers. Holds no memory while it is empty.
class OutputQueue {
public:
    /// Payloads from this size on are shared instead of copied.
    static constexpr std::size_t kShareFrom = 4096;

    std::size_t bytes() const noexcept { return bytes_; }
    bool empty() const noexcept { return bytes_ == 0; }

    void append(std::string_view data);
    /// `data` lives as long as `owner`.
    void append(std::shared_ptr<const void> owner, std::string_view data);
    /// Calls `write(std::string& tail)` to append to the last piece in place.
    template <class Write>
    void appendWith(Write write) {
        std::string& last = tail();
        const std::size_t before = last.size();
        write(last);
        bytes_ += last.size() - before;
    }
    /// Views of the first unsent pieces, at most `most`, in order. Good until the next change.
    void peek(std::vector<std::string_view>& pieces, std::size_t most) const;
    /// `count` bytes from the front were sent. Precondition: not more than bytes().
    void consume(std::size_t count);
    /// How many bytes were consumed since the last call.
    std::size_t takeConsumed() noexcept { return std::exchange(consumed_, 0); }
    void clear();

private:
    struct Piece {
        std::string own;
        std::shared_ptr<const void> owner;
        std::string_view shared;
        std::string_view view() const noexcept { return owner ? shared : std::string_view(own); }
    };
    std::string& tail();
    void endPiece();

    Fifo<Piece> pieces_;
    std::string last_;      // after all pieces: most often all there is
    std::size_t sent_ = 0;  // of the first piece, or of the last one if it is alone
    std::size_t bytes_ = 0;
    std::size_t consumed_ = 0;  // see takeConsumed()
};

}  // namespace muster::mqtt
