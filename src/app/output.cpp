#include "app/output.hpp"

#include <algorithm>
#include <utility>

#include "core/utf8.hpp"

namespace berth::app {

void LineSplitter::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool whole = end != std::string_view::npos;
    std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(whole ? end + 1 : bytes.size());
    while (rest_.size() + piece.size() > longest) {
      const std::size_t room = longest - rest_.size();
      rest_.append(piece.substr(0, room));
      piece.remove_prefix(room);
      sink(std::exchange(rest_, {}));
    }
    if (whole && rest_.empty()) {
      sink(piece);
    } else {
      rest_.append(piece);
      if (whole) sink(std::exchange(rest_, {}));
    }
  }
}

void LineSplitter::flush(const Sink& sink) {
  if (!rest_.empty()) sink(std::exchange(rest_, {}));
}

void OutputTail::add(Stream stream, std::string_view line) {
  if (line.empty()) return;
  Share& share = shares_[static_cast<std::size_t>(stream)];
  share.lines.push_back({next_number_++, printable(line.substr(0, longest_line))});
  share.bytes += share.lines.back().text.size();
  while (shares_[0].lines.size() + shares_[1].lines.size() > most_lines ||
         shares_[0].bytes + shares_[1].bytes > most_bytes) {
    Share& larger = shares_[0].bytes > shares_[1].bytes ? shares_[0] : shares_[1];
    larger.bytes -= larger.lines.front().text.size();
    larger.lines.pop_front();
  }
}

void OutputTail::clear() {
  shares_ = {};
}

std::vector<std::string> OutputTail::lines() const {
  std::vector<std::string> merged;
  auto out = shares_[0].lines.begin();
  auto err = shares_[1].lines.begin();
  while (out != shares_[0].lines.end() || err != shares_[1].lines.end()) {
    const bool take_out = err == shares_[1].lines.end() || (out != shares_[0].lines.end() && out->number < err->number);
    merged.push_back(take_out ? (out++)->text : (err++)->text);
  }
  return merged;
}

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
      length = core::utf8_length(line);
      if (length == 0) {
        out += "\xEF\xBF\xBD";  // U+FFFD
        length = 1;
      } else if (first != 0xC2 || static_cast<unsigned char>(line[1]) >= 0xA0) {  // U+0080 to U+009F are controls too
        out.append(line.substr(0, length));
      }
    }
    line.remove_prefix(length);
  }
  return out;
}

}  // namespace berth::app
