// Does a line say that the port was taken? The first line of the input is a pattern of the configuration, the rest is a
// line of output; the decisions say which port is meant.

#include <algorithm>
#include <array>

#include "app/conflict_words.hpp"
#include "config/pattern_check.hpp"
#include "core/conflict.hpp"
#include "fuzz/support.hpp"

namespace {

using namespace berth;
using core::other_port_said_taken;
using core::says_port_taken;
using fuzz::visible;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string swapped_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    } else if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return out;
}

// The numbers of a line, as they stand between what is no digit.
std::vector<unsigned long> numbers_in(std::string_view line) {
  std::vector<unsigned long> numbers;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i;
    while (end < line.size() && is_digit(line[end])) ++end;
    if (end > i && end - i <= 9) numbers.push_back(std::stoul(std::string(line.substr(i, end - i))));
    i = std::max(end, i + 1);
  }
  return numbers;
}

// One of these stands in every line that says it.
bool may_say_taken(std::string_view line) {
  static constexpr std::array<std::string_view, 8> words{"in use",         "addrinuse", "errno 98", "os error 98",
                                                         "only one usage", "already",   "is taken", "is occupied"};
  std::string lower(line);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

void check_words(std::string_view line, Port port) {
  const bool ours = says_port_taken(line, port);
  const auto other = other_port_said_taken(line, port);
  const std::string seen = visible(line) + " " + std::to_string(port);
  FUZZ_CHECK(!(ours && other), seen);
  const auto numbers = numbers_in(line);
  const auto names = [&](unsigned long wanted) { return std::ranges::find(numbers, wanted) != numbers.end(); };
  if (ours || other) FUZZ_CHECK(may_say_taken(line), seen);
  if (other) {
    FUZZ_CHECK(*other != port && *other != 0 && names(*other), seen);
    FUZZ_CHECK(says_port_taken(line, *other), seen);
  }
  // Whether it speaks of a taken port at all does not depend on the port.
  const Port next = port == 65535 ? 1 : static_cast<Port>(port + 1);
  const bool next_ours = says_port_taken(line, next);
  FUZZ_CHECK((ours || other) == (next_ours || other_port_said_taken(line, next)), seen);
  // Ours and not the next one's: then it names ours.
  if (ours && !next_ours) FUZZ_CHECK(names(port), seen);
  if (numbers.empty()) FUZZ_CHECK(ours == next_ours && !other, seen);
  FUZZ_CHECK(says_port_taken(swapped_case(line), port) == ours, seen);
  FUZZ_CHECK(says_port_taken(std::string(line) + " ", port) == ours, seen);
  // A sentence that nobody can mistake, behind words of any kind.
  const std::string plain = "listen EADDRINUSE: address already in use 127.0.0.1:" + std::to_string(port);
  if (port >= 1024) FUZZ_CHECK(says_port_taken(std::string(line) + "; " + plain, port), seen);
}

void check_pattern(const std::string& pattern, std::string_view line, Port port) {
  const bool valid = !config::pattern_error(pattern);
  app::ConflictWords without({});
  app::ConflictWords with({pattern});
  const bool built_in = says_port_taken(line, port);
  FUZZ_CHECK(without.match(line, port) == built_in, visible(line));
  const bool matches = with.match(line, port);
  FUZZ_CHECK(matches || !built_in, visible(line));
  if (!valid) FUZZ_CHECK(matches == built_in, visible(pattern));
  // A pattern without special characters is found where it stands.
  const bool literal = !pattern.empty() && std::ranges::all_of(pattern, [](char c) {
    return c == ' ' || is_digit(c) || (c >= 'a' && c <= 'z');
  });
  const std::string_view seen = line.substr(0, app::ConflictWords::longest_line);
  if (literal)
    FUZZ_CHECK(valid && matches == (built_in || seen.find(pattern) != std::string_view::npos), visible(pattern));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  const unsigned high = decisions.next();
  const unsigned low = decisions.next();
  const auto port = high + low == 0 ? Port{50000} : static_cast<Port>(std::max(1U, high << 8U | low));
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view line = input.substr(std::min(pattern.size() + 1, input.size()));
  check_words(line, port);
  check_pattern(std::string(pattern), line, port);
  return 0;
}
