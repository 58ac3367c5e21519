#include "core/printable.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace berth::core {

namespace {

// The length of the terminal's escape sequence at the start of `text`: ESC [ … letter, or ESC and one more of ASCII.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || static_cast<unsigned char>(text[1]) >= 0x80) return 1;
  if (text[1] != '[') return 2;
  std::size_t end = 2;
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  return std::min(end + 1, text.size());
}

}  // namespace

std::string printable(std::string_view line) {
  // Nearly every line is plain.
  const bool plain = std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (plain) return std::string(line);
  std::string out;
  out.reserve(line.size());
  while (!line.empty()) {
    const auto first = static_cast<unsigned char>(line.front());
    std::size_t length = 1;
    if (first == 0x1B) {
      length = escape_length(line);
    } else if (first == '\t') {
      out += ' ';
    } else if (first >= 0x20 && first != 0x7F) {
      length = utf8_length(line);
      if (length == 0) {
        out += "\xEF\xBF\xBD";  // U+FFFD
        length = 1;
      } else if (first == 0xC2 && static_cast<unsigned char>(line[1]) < 0xA0) {
        // U+0080 to U+009F are controls too
      } else if (!turns_direction(line.substr(0, length))) {
        out.append(line.substr(0, length));
      }
    }
    line.remove_prefix(length);
  }
  return out;
}

}  // namespace berth::core
