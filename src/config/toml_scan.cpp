#include "config/toml_scan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace berth::config {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::size_t end_of_line(std::string_view text, std::size_t at) {
  std::size_t end = std::min(text.find('\n', at), text.size());
  if (end > at && text[end - 1] == '\r') --end;
  return end;
}

}  // namespace

std::size_t end_of_string(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  const std::string triple(3, quote);
  const bool multi_line = text.substr(begin, 3) == triple;
  std::size_t at = begin + (multi_line ? 3 : 1);
  while (at < text.size()) {
    if (text[at] == '\\' && quote == '"') {
      at = std::min(at + 2, text.size());
    } else if (!multi_line && text[at] == quote) {
      return at + 1;
    } else if (multi_line && text.substr(at, 3) == triple) {
      at += 3;
      // One or two quotes may stand before the closing three.
      while (at < text.size() && text[at] == quote) ++at;
      return at;
    } else {
      ++at;
    }
  }
  return at;
}

std::vector<TomlMark> scan_toml(std::string_view text) {
  std::vector<TomlMark> marks;
  unsigned line = 1;
  int brackets = 0;  // of lists and inline tables that are open
  bool alone = true;
  std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '\n') {
      ++line;
      alone = true;
      ++at;
    } else if (c == '#') {
      const std::size_t end = end_of_line(text, at);
      marks.push_back({TomlMark::Kind::comment, line, alone, at, end});
      at = end;
    } else if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(text, at);
      line += static_cast<unsigned>(std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                                               text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      at = end;
      alone = false;
    } else if (c == '[' && alone && brackets == 0) {
      const std::size_t begin = at;
      while (at < text.size() && text[at] != '\n' && text[at] != '#') {
        at = text[at] == '"' || text[at] == '\'' ? end_of_string(text, at) : at + 1;
      }
      std::size_t end = at;
      while (end > begin && text[end - 1] != ']') --end;
      marks.push_back({TomlMark::Kind::header, line, true, begin, end});
      alone = false;
    } else {
      if (c == '[' || c == '{') ++brackets;
      if ((c == ']' || c == '}') && brackets > 0) --brackets;
      if (c != ' ' && c != '\t' && c != '\r') alone = false;
      ++at;
    }
  }
  return marks;
}

std::size_t offset_of(std::string_view text, Position at) {
  std::size_t offset = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  for (unsigned line = 1; line < at.line; ++line) {
    const auto end = text.find('\n', offset);
    if (end == std::string_view::npos) return text.size();
    offset = end + 1;
  }
  for (unsigned column = 1; column < at.column && offset < text.size(); ++column) {
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) ++offset;
  }
  return offset;
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string toml_key(std::string_view name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(name) : toml_quoted(name);
}

}  // namespace berth::config
