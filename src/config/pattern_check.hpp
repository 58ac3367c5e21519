#pragma once
// Is this a regular expression? The one place of this folder that includes Boost.Regex.

#include <optional>
#include <string>

namespace berth::config {

// What is wrong with an ECMAScript pattern, in the words of the library; empty when it compiles.
std::optional<std::string> pattern_error(const std::string& pattern);

}  // namespace berth::config
