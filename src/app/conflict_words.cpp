#include "app/conflict_words.hpp"

#include <boost/regex.hpp>

#include "core/conflict.hpp"

namespace berth::app {

struct ConflictWords::Patterns {
  std::vector<boost::regex> list;
};

ConflictWords::ConflictWords(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return;
  patterns_ = std::make_unique<Patterns>();
  for (const std::string& pattern : patterns) {
    boost::regex compiled;
    // Checked when the file was loaded; what fails here all the same matches nothing.
    if (compiled.set_expression(pattern, boost::regex::ECMAScript | boost::regex::no_except) == 0) {
      patterns_->list.push_back(std::move(compiled));
    }
  }
}

ConflictWords::~ConflictWords() = default;
ConflictWords::ConflictWords(ConflictWords&&) noexcept = default;
ConflictWords& ConflictWords::operator=(ConflictWords&&) noexcept = default;

bool ConflictWords::match(std::string_view line, Port port) const {
  if (core::says_port_taken(line, port)) return true;
  if (!patterns_) return false;
  for (const boost::regex& pattern : patterns_->list) {
    try {
      if (boost::regex_search(line.begin(), line.end(), pattern)) return true;
    } catch (const std::runtime_error&) {
      // Too complex for this line: the engine gives up rather than run for ever.
    }
  }
  return false;
}

}  // namespace berth::app
