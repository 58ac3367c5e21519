#include "app/conflict_words.hpp"

#include <algorithm>
#include <boost/regex.hpp>
#include <ctime>
#include <utility>

#include "core/conflict.hpp"

namespace berth::app {

namespace {

// Of processor time, for one line: a hundred times what a sane pattern takes.
constexpr double most_seconds = 0.02;

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Pattern {
  boost::regex compiled;
  std::string text;
  bool given_up = false;

  bool found_in(std::string_view line, bool cut) {
    const auto flags = cut ? boost::match_default | boost::match_not_eol : boost::match_default;
    const double before = processor_seconds();
    bool found = false;
    try {
      found = boost::regex_search(line.begin(), line.end(), compiled, flags);
    } catch (const std::runtime_error&) {
      given_up = true;  // too complex for this line: the engine gives up rather than run for ever
    }
    given_up = given_up || processor_seconds() - before > most_seconds;
    return found;
  }
};

}  // namespace

struct ConflictWords::Patterns {
  std::vector<Pattern> list;
  std::vector<std::string> given_up;
};

ConflictWords::ConflictWords(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return;
  patterns_ = std::make_unique<Patterns>();
  for (const std::string& pattern : patterns) {
    boost::regex compiled;
    // Checked when the file was loaded; what fails here all the same matches nothing.
    if (compiled.set_expression(pattern, boost::regex::ECMAScript | boost::regex::no_except) == 0) {
      patterns_->list.push_back({std::move(compiled), pattern});
    }
  }
}

ConflictWords::~ConflictWords() = default;
ConflictWords::ConflictWords(ConflictWords&&) noexcept = default;
ConflictWords& ConflictWords::operator=(ConflictWords&&) noexcept = default;

bool ConflictWords::match(std::string_view line, Port port) {
  if (core::says_port_taken(line, port)) return true;
  if (!patterns_) return false;
  const std::string_view seen = line.substr(0, longest_line);
  const bool found = std::any_of(patterns_->list.begin(), patterns_->list.end(),
                                 [&](Pattern& pattern) { return pattern.found_in(seen, seen.size() < line.size()); });
  std::erase_if(patterns_->list, [this](const Pattern& pattern) {
    if (pattern.given_up) patterns_->given_up.push_back(pattern.text);
    return pattern.given_up;
  });
  return found;
}

std::vector<std::string> ConflictWords::take_given_up() {
  return patterns_ ? std::exchange(patterns_->given_up, {}) : std::vector<std::string>{};
}

}  // namespace berth::app
