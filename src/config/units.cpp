#include "config/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace berth::config {
namespace {

struct Unit {
  std::string_view name;
  double value;
};

constexpr double day = 24.0 * 60 * 60 * 1000;
constexpr double longest_duration = 36500 * day;  // a steady clock in nanoseconds must be able to hold it
constexpr std::array duration_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                    Unit{"d", day}};

constexpr double largest_size = 9007199254740992.0;  // 2^53
constexpr std::array size_units{Unit{"B", 1},      Unit{"KB", 1e3},          Unit{"MB", 1e6},        Unit{"GB", 1e9},
                                Unit{"KiB", 1024}, Unit{"MiB", 1024 * 1024}, Unit{"GiB", 1073741824}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes digits, and a dot with more digits, off the front of `text`.
std::optional<double> take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == 0) return std::nullopt;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
    ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
  }
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc{} || stop != text.data() + end) return std::nullopt;
  text.remove_prefix(end);
  return number;
}

// Takes the letters off the front of `text`.
template <std::size_t count>
std::optional<double> take_unit(std::string_view& text, const std::array<Unit, count>& units) {
  std::size_t end = 0;
  while (end < text.size() && !is_digit(text[end])) ++end;
  const std::string_view name = text.substr(0, end);
  for (const Unit& unit : units) {
    if (unit.name == name) {
      text.remove_prefix(end);
      return unit.value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = take_unit(text, duration_units);
    if (!unit) return std::nullopt;
    total += *number * *unit;
  }
  if (total > longest_duration) return std::nullopt;
  return Milliseconds(static_cast<Milliseconds::rep>(std::llround(total)));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto unit = take_unit(text, size_units);
  if (!unit || !text.empty()) return std::nullopt;
  const double bytes = *number * *unit;
  if (bytes > largest_size) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(bytes));
}

std::string format_duration(Milliseconds duration) {
  static constexpr std::array units{std::pair{86'400'000, "d"}, std::pair{3'600'000, "h"}, std::pair{60'000, "m"},
                                    std::pair{1000, "s"}, std::pair{1, "ms"}};
  std::string text;
  auto rest = duration.count();
  for (const auto& [length, name] : units) {
    if (rest < length) continue;
    text += std::to_string(rest / length) + name;
    rest %= length;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace berth::config
