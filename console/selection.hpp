#pragma once

#include "console/server_row.hpp"

#include <muster/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// Which servers a command is about: ids, globs (`chat-*`), `type:chat`, `host:h1`, `all`, and the
/// flags -t and -i.
class Selection {
public:
    /// BadMessage for an empty or over-long selector, or `all` beside others.
    static Result<Selection> parse(const std::vector<std::string>& words, const std::string& type,
                                   const std::vector<std::string>& ids);

    bool isEmpty() const { return !isAll_ && selectors_.empty(); }
    bool isAll() const { return isAll_; }
    /// Whether it names nothing but ids, which need no list to be resolved.
    bool isPlainIds() const;
    /// The ids it names; only if isPlainIds().
    std::vector<std::string> ids() const;
    /// Empty selects all.
    bool matches(const ServerRow& row) const;

private:
    enum class Kind { Id, Glob, Type, Host };
    struct Selector {
        Kind kind;
        std::string text;
    };
    static Result<Selector> parseOne(const std::string& word);

    bool isAll_ = false;
    std::vector<Selector> selectors_;
};

/// Whether `text` matches `pattern` with `*` (any run) and `?` (any one character).
bool globMatches(std::string_view pattern, std::string_view text);

}  // namespace muster::cli
