#pragma once
// The shapes that stand beside words on a terminal: who sees no colours sees them.

#include <array>
#include <string>
#include <string_view>

namespace berth::cli {

struct Glyphs {
  // In the order of the states in docs: stopped, waiting, starting, ready, unhealthy, backoff, crashloop, stopping,
  // exited, failed.
  std::array<std::string_view, 10> states;
  std::array<std::string_view, 8> bars;      // of a sparkline, lowest first
  std::array<std::string_view, 10> spinner;  // one after the other
  std::string_view ellipsis;
  std::string_view selected;
  std::string_view line;
  std::string_view dot;  // between two facts
  std::string_view up_down;
  std::string_view done;
  std::string_view not_done;

  // Of a state by its name; of an unknown one: "?".
  [[nodiscard]] std::string_view of(std::string_view state) const;
};

const Glyphs& unicode_glyphs();
const Glyphs& ascii_glyphs();

// As the locale of the environment (LC_ALL, LC_CTYPE, LANG) says: UTF-8 or not.
const Glyphs& glyphs_of_locale();

// The escape sequence that colours a state: green: well, red: needs somebody, yellow: on its way, dim: at rest.
std::string_view colour_of(std::string_view state);

namespace style {
inline constexpr std::string_view none = "\x1b[0m";
inline constexpr std::string_view bold = "\x1b[1m";
inline constexpr std::string_view dim = "\x1b[2m";
inline constexpr std::string_view red = "\x1b[31m";
inline constexpr std::string_view green = "\x1b[32m";
inline constexpr std::string_view yellow = "\x1b[33m";
inline constexpr std::string_view cyan = "\x1b[36m";
inline constexpr std::string_view reversed = "\x1b[7m";
}  // namespace style

// `text` in a style, or as it is.
std::string styled(std::string_view text, std::string_view with, bool colour);

}  // namespace berth::cli
