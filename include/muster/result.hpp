#pragma once

#include <string>
#include <utility>
#include <variant>

namespace muster {

/// Why an operation failed, as a stable word: the wire carries `errcName(code)` in `error.code`.
enum class Errc {
    Timeout,         // no answer by the deadline; the outcome is unknown
    Closed,          // this side is stopped, or the peer left
    UnknownServer,   // no server of that id is known
    UnknownModule,   // no module of that id is registered
    ModuleDisabled,  // the module exists but is switched off
    Denied,          // the caller's role does not allow it
    BadMessage,      // malformed or unacceptable input
    Conflict,  // a precondition failed: fenced by a higher epoch, exists already, compare failed
    Expired,   // the deadline had passed before execution began
    NotSupported,  // the receiver cannot do this (e.g. a JavaScript-only command at a C++ server)
    Limit,         // a bound was reached (queue, table, size)
    Failed         // everything else; the detail says what
};

/// The name of `code` on the wire, in snake_case, e.g. "unknown_server". Never null.
const char* errcName(Errc code) noexcept;

/// What went wrong: a code for programs, a sentence for people. Has constructors on purpose:
/// g++ 12 mishandles aggregate temporaries in statements with co_await.
class Error {
public:
    explicit Error(Errc code, std::string detail = {}) : code_(code), detail_(std::move(detail)) {}
    Errc code() const noexcept { return code_; }
    /// A sentence for people; may be empty. Never holds secrets.
    const std::string& detail() const noexcept { return detail_; }

private:
    Errc code_;
    std::string detail_;
};

/// A value or an Error: the part of std::expected<T, Error> that muster uses, in C++17.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value)  // NOLINT(google-explicit-constructor): a value is a result
        : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error)  // NOLINT(google-explicit-constructor): an error is a result
        : state_(std::in_place_index<1>, std::move(error)) {}
    Result(Errc code) : Result(Error(code)) {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return state_.index() == 0; }
    /// The value. Precondition: the result holds one.
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    /// The error. Precondition: the result holds one.
    const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> : public Result<std::monostate> {
public:
    using Result<std::monostate>::Result;
    Result() : Result<std::monostate>(std::monostate{}) {}
};

}  // namespace muster
