#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace muster::mqtt {

/// A queue that costs nothing while it is empty (a std::deque keeps half a kilobyte) and can be
/// indexed from its front.
template <class T>
class Fifo {
public:
    bool empty() const noexcept { return head_ == items_.size(); }
    std::size_t size() const noexcept { return items_.size() - head_; }
    T& operator[](std::size_t index) { return items_[head_ + index]; }
    const T& operator[](std::size_t index) const { return items_[head_ + index]; }
    T& front() { return items_[head_]; }
    T& back() { return items_.back(); }
    auto begin() { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
    auto end() { return items_.end(); }

    void push(T item) { items_.push_back(std::move(item)); }
    /// Puts a fresh one at the end.
    T& emplace() { return items_.emplace_back(); }
    /// Precondition: not empty.
    void pop() {
        items_[head_] = T{};
        ++head_;
        if (head_ == items_.size()) {
            clear();
        } else if (head_ >= kCompactAt && head_ * 2 >= items_.size()) {
            items_.erase(items_.begin(), begin());
            head_ = 0;
        }
    }
    void clear() {
        head_ = 0;
        if (items_.capacity() > kKeepCapacity) {
            std::vector<T>().swap(items_);
        } else {
            items_.clear();
        }
    }
    /// Removes every item for which `unwanted(item)` holds; keeps the order of the rest.
    template <class Predicate>
    void removeIf(Predicate unwanted) {
        items_.erase(items_.begin(), begin());
        head_ = 0;
        std::erase_if(items_, unwanted);
    }

private:
    static constexpr std::size_t kCompactAt = 64;
    static constexpr std::size_t kKeepCapacity = 16;
    std::vector<T> items_;
    std::size_t head_ = 0;
};

}  // namespace muster::mqtt
