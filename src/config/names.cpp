#include "config/names.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/utf8.hpp"

namespace berth::config {
namespace {

constexpr std::size_t longest_word = 64;  // nothing longer is a slip of the finger

// <cctype> asks the locale; names are ASCII.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool same_letter(char a, char b) {
  return lower(a) == lower(b);
}

}  // namespace

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  if (!is_letter(name.front()) && !is_digit(name.front())) return false;
  return std::ranges::all_of(name,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_http_token(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

bool same_header(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, same_letter);
}

bool is_valid_variable(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  return std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

unsigned edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment, three rows of the table at a time.
  std::vector<unsigned> before(b.size() + 1);
  std::vector<unsigned> last(b.size() + 1);
  std::vector<unsigned> row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<unsigned>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const unsigned replaced = last[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > longest_word) return {};
  std::string_view best;
  std::size_t best_distance = word.size() <= 4 ? 2 : std::max<std::size_t>(3, word.size() / 3 + 1);
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(candidate.size(), word.size());
    if (longer - std::min(candidate.size(), word.size()) >= best_distance) continue;
    const unsigned distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < longer) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string unknown_server(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view near = nearest(name, known);
  const std::string hint = near.empty() ? "" : "; did you mean `" + std::string(near) + "`?";
  return "no server is called " + shown(name) + hint;
}

std::string shown(std::string_view text) {
  if (text.empty()) return "\"\"";
  constexpr std::size_t most = 80;
  return "`" + core::tame(text, most) + "`";
}

}  // namespace berth::config
