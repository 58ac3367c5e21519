#include "config/roff.hpp"

#include <fmt/format.h>

#include "core/utf8.hpp"

namespace berth::config {
namespace {

// Pages are dated by what they describe, not by when they were made: a page that is made again is the same.
constexpr std::string_view date = "2026-11-21";

unsigned code_point(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  unsigned value = sequence.size() == 2 ? first & 0x1FU : sequence.size() == 3 ? first & 0x0FU : first & 0x07U;
  for (const char c : sequence.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  return value;
}

std::string escaped(std::string_view text, bool with_bold) {
  std::string out;
  bool bold = false;
  bool line_begins = true;
  while (!text.empty()) {
    const char c = text.front();
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    const std::size_t length = core::utf8_length(text);
    if (length > 1) {
      out += fmt::format("\\[u{:04X}]", code_point(text.substr(0, length)));
      text.remove_prefix(length);
      continue;
    }
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      case '`':
        if (with_bold) {
          bold = !bold;
          out += bold ? "\\fB" : "\\fR";
        } else {
          out += "\\(ga";
        }
        break;
      default: out += c;
    }
    text.remove_prefix(1);
  }
  return bold ? out + "\\fR" : out;
}

}  // namespace

std::string roff(std::string_view text) {
  return escaped(text, true);
}

std::string roff_literal(std::string_view text) {
  return escaped(text, false);
}

std::string roff_title(std::string_view name, int section, std::string_view version, std::string_view manual) {
  return fmt::format(".\\\" Made by `berth man {}`: do not edit.\n.TH {} {} {} \"Berth {}\" \"{}\"\n", section, name,
                     section, date, version, manual);
}

}  // namespace berth::config
