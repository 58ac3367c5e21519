#include "cli/text_width.hpp"

#include <clocale>
#include <cmath>
#include <cstdio>
#include <cwchar>

#include "core/utf8.hpp"

namespace berth::cli {

namespace {

char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  switch (sequence.size()) {
    case 1: return byte(0);
    case 2: return ((byte(0) & 0x1FU) << 6U) | (byte(1) & 0x3FU);
    case 3: return ((byte(0) & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
    default:
      return ((byte(0) & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) | (byte(3) & 0x3FU);
  }
}

// Of the C library's tables, whatever locale the user has.
std::size_t columns_of_code_point(char32_t c) {
  if (c < 0x300) return 1;
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (unicode == nullptr) return 1;
  const locale_t before = ::uselocale(unicode);
  const int width = ::wcwidth(static_cast<wchar_t>(c));
  ::uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

// The length of the piece that begins `text`: an escape sequence, a character, or a byte that is none.
struct Piece {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

Piece first_piece(std::string_view text) {
  if (text.starts_with("\x1b[")) {
    const auto end = text.find_first_of("@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~", 2);
    return {end == std::string_view::npos ? text.size() : end + 1, 0};
  }
  const std::size_t length = core::utf8_length(text);
  if (length == 0) return {1, 1};
  return {length, columns_of_code_point(code_point(text.substr(0, length)))};
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  if (core::is_plain(text)) return text.size();
  std::size_t columns = 0;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    columns += piece.columns;
    text.remove_prefix(piece.bytes);
  }
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns, std::string_view mark) {
  if (columns_of(text) <= columns) return std::string(text);
  const std::size_t for_mark = columns_of(mark);
  const std::size_t room = columns > for_mark ? columns - for_mark : 0;
  std::string out;
  std::size_t used = 0;
  bool cut = false;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    const bool escape = text.front() == '\x1b' && piece.columns == 0;
    if (!cut && !escape && used + piece.columns > room) {
      cut = true;
      if (columns >= for_mark) out += mark;
    }
    if (escape || !cut) out += text.substr(0, piece.bytes);
    used += piece.columns;
    text.remove_prefix(piece.bytes);
  }
  return out;
}

std::string padded(std::string_view text, std::size_t columns, bool right) {
  const std::size_t used = columns_of(text);
  const std::string blanks(columns > used ? columns - used : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

std::string humane_duration(double seconds) {
  char out[32];
  constexpr double longest = 1e10;                         // a long holds it, and no clock says more
  seconds = seconds > 0 ? std::min(seconds, longest) : 0;  // also for NaN
  const auto whole = static_cast<long>(seconds);
  if (seconds < 10) {
    std::snprintf(out, sizeof(out), "%.1fs", seconds);
  } else if (whole < 60) {
    std::snprintf(out, sizeof(out), "%lds", whole);
  } else if (whole < 3600) {
    std::snprintf(out, sizeof(out), "%ldm%02lds", whole / 60, whole % 60);
  } else if (whole < 86400) {
    std::snprintf(out, sizeof(out), "%ldh%02ldm", whole / 3600, whole / 60 % 60);
  } else {
    std::snprintf(out, sizeof(out), "%ldd%02ldh", whole / 86400, whole / 3600 % 24);
  }
  return out;
}

std::string humane_bytes(double bytes) {
  constexpr const char* units[] = {"B", "K", "M", "G", "T", "P"};
  std::size_t unit = 0;
  bytes = bytes > 0 ? std::min(bytes, 1e18) : 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  char out[32];
  std::snprintf(out, sizeof(out), unit > 1 && bytes < 9.95 ? "%.1f%s" : "%.0f%s", bytes, units[unit]);
  return out;
}

}  // namespace berth::cli
