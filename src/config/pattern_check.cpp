#include "config/pattern_check.hpp"

#include <boost/regex.hpp>
#include <exception>

namespace berth::config {

namespace {

// The library recurses over alternatives; the lines that a pattern is for are short.
constexpr std::size_t longest_pattern = 4096;

}  // namespace

std::optional<std::string> pattern_error(const std::string& pattern) {
  if (pattern.size() > longest_pattern) return "it has more than " + std::to_string(longest_pattern) + " bytes";
  try {
    const boost::regex compiled(pattern, boost::regex::ECMAScript);
    return std::nullopt;
  } catch (const std::exception& error) {
    std::string text = error.what();
    // What follows repeats the pattern with a mark in it.
    if (const auto end = text.find("  The error occurred"); end != std::string::npos) text.resize(end);
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
    return text.empty() ? "not a regular expression" : text;
  }
}

}  // namespace berth::config
