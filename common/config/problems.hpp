#pragma once

#include "common/config/cluster_config.hpp"
#include "common/config/json_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// Where a value came from, for problems that are found after the reading.
struct Place {
    std::string file;
    int line = 0;
    std::string pointer;
};

/// Collects what is wrong, up to a bound, over all files of one configuration.
class Problems {
public:
    static constexpr std::size_t kMaxProblems = 1000;
    void error(const Place& place, std::string text) { add(place, std::move(text), false); }
    void warn(const Place& place, std::string text) { add(place, std::move(text), true); }
    bool hasErrors() const { return errors_ > 0; }
    std::size_t errors() const { return errors_; }
    /// Whether more would not be shown, so that looking for more is in vain.
    bool isFull() const { return problems_.size() > kMaxProblems; }
    /// The problems: files in the order they were first named by begin(), then by line.
    std::vector<Problem> take();
    /// Fixes the place of `file` in the order of take().
    void begin(const std::string& file) { files_.push_back(file); }

private:
    void add(const Place& place, std::string text, bool isWarning);
    std::vector<Problem> problems_;
    std::vector<std::string> files_;
    std::size_t errors_ = 0;
};

/// The one of `names` that `word` was probably meant to be (edit distance); empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& names);
/// " Did you mean \"x\"?" or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& names);
/// "a, b and c".
std::string enumerate(const std::vector<std::string>& names);

}  // namespace muster::config
