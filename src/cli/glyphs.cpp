#include "cli/glyphs.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace berth::cli {

namespace {

constexpr std::array<std::string_view, 10> state_names{"stopped", "waiting",   "starting", "ready",  "unhealthy",
                                                       "backoff", "crashloop", "stopping", "exited", "failed"};

constexpr Glyphs unicode{
    .states = {"○", "◌", "◐", "●", "▲", "↻", "‼", "◑", "◇", "✗"},
    .bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
    .spinner = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
    .ellipsis = "…",
    .selected = "▸",
    .line = "─",
    .dot = "·",
    .up_down = "↑↓",
    .done = "✔",
    .not_done = "✗",
};

constexpr Glyphs ascii{
    .states = {"-", ".", ">", "*", "!", "~", "#", "<", "=", "x"},
    .bars = {"_", ".", ":", "-", "=", "+", "*", "#"},
    .spinner = {"|", "/", "-", "\\", "|", "/", "-", "\\", "|", "/"},
    .ellipsis = "~",
    .selected = ">",
    .line = "-",
    .dot = "|",
    .up_down = "up/down",
    .done = "ok",
    .not_done = "x",
};

}  // namespace

std::string_view Glyphs::of(std::string_view state) const {
  const auto found = std::find(state_names.begin(), state_names.end(), state);
  return found == state_names.end() ? "?" : states.at(static_cast<std::size_t>(found - state_names.begin()));
}

const Glyphs& unicode_glyphs() {
  return unicode;
}

const Glyphs& ascii_glyphs() {
  return ascii;
}

const Glyphs& glyphs_of_locale() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    std::string name(value);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool utf8 = name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
    return utf8 ? unicode : ascii;
  }
  return ascii;
}

std::string_view colour_of(std::string_view state) {
  if (state == "ready") return style::green;
  if (state == "failed" || state == "crashloop" || state == "unhealthy") return style::red;
  if (state == "stopped" || state == "exited") return style::dim;
  return style::yellow;
}

std::string styled(std::string_view text, std::string_view with, bool colour) {
  if (!colour || with.empty() || text.empty()) return std::string(text);
  return std::string(with) + std::string(text) + std::string(style::none);
}

}  // namespace berth::cli
