#include "core/log_record.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace berth::core {

namespace {

constexpr std::string_view before_time = R"({"at":")";
constexpr std::string_view before_stream = R"(","stream":")";
constexpr std::string_view before_line = R"(","line":")";
constexpr std::string_view after_line = R"("})";
constexpr std::string_view after_piece = R"(","continued":true})";
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view escaped_replacement = "\\ufffd";
constexpr std::string_view digits = "0123456789abcdef";

char* put(char* to, std::string_view text) {
  return to + text.copy(to, text.size());
}

void put_number(char* end, std::size_t width, std::int64_t value) {
  for (; width > 0; --width, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

// The words of a record as JSON has them; at most six bytes for each.
char* put_json_text(char* to, std::string_view text) {
  while (!text.empty()) {
    const char first = text.front();
    const auto byte = static_cast<unsigned char>(first);
    std::size_t length = 1;
    if (byte >= 0x20 && byte < 0x7F && first != '"' && first != '\\') {
      *to++ = first;
    } else if (first == '"' || first == '\\') {
      *to++ = '\\';
      *to++ = first;
    } else if (first == '\t') {
      to = put(to, "\\t");
    } else if (first == '\r') {
      to = put(to, "\\r");
    } else if (first == '\n') {
      to = put(to, "\\n");
    } else if (byte < 0x20 || byte == 0x7F) {
      to = put(to, "\\u00");
      *to++ = digits[byte / 16];
      *to++ = digits[byte % 16];
    } else if (const std::size_t known = utf8_length(text); known == 0) {
      to = put(to, replacement);  // a byte that is no text
    } else {
      length = known;
      const std::string_view character = text.substr(0, known);
      to = put(to, character == replacement ? escaped_replacement : character);
    }
    text.remove_prefix(length);
  }
  return to;
}

// Takes the stream's name off the front.
bool take_stream(std::string_view& text, Stream& stream) {
  for (const Stream one : {Stream::out, Stream::err, Stream::berth}) {
    const std::string_view name = to_string(one);
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    stream = one;
    return true;
  }
  return false;
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

bool read_json(std::string_view text, LogRecord& record) {
  if (!take(text, before_time) || text.size() < LogTime::length) return false;
  record.at = text.substr(0, LogTime::length);
  text.remove_prefix(LogTime::length);
  if (!is_log_time(record.at) || !take(text, before_stream) || !take_stream(text, record.stream)) return false;
  if (!take(text, before_line)) return false;
  record.whole = !text.ends_with(after_piece);
  const std::string_view after = record.whole ? after_line : after_piece;
  if (!text.ends_with(after)) return false;
  text.remove_suffix(after.size());
  record.words = text;
  record.escaped = true;
  return true;
}

bool read_text(std::string_view text, LogRecord& record) {
  record.at = text.substr(0, LogTime::length);
  if (!is_log_time(record.at)) return false;
  text.remove_prefix(LogTime::length);
  if (!take(text, " ") || !take_stream(text, record.stream)) return false;
  record.whole = !take(text, "+");
  if (!take(text, " ")) return false;
  record.words = text;
  return true;
}

int hex_value(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 0;
}

// Calls for each character: what it was before it was escaped, and how many bytes that were then.
template <class Each>
void unescape(std::string_view text, Each&& each) {
  while (!text.empty()) {
    std::size_t length = 1;
    if (text.front() == '\\' && text.size() >= 6 && text[1] == 'u') {
      length = 6;
      const char low = static_cast<char>(hex_value(text[4]) * 16 + hex_value(text[5]));
      text.starts_with(escaped_replacement) ? each(replacement, std::size_t{3})
                                            : each(std::string_view(&low, 1), std::size_t{1});
    } else if (text.front() == '\\' && text.size() >= 2) {
      length = 2;
      const char c = text[1] == 't' ? '\t' : text[1] == 'r' ? '\r' : text[1] == 'n' ? '\n' : text[1];
      each(std::string_view(&c, 1), std::size_t{1});
    } else if (text.starts_with(replacement)) {
      length = replacement.size();
      each(replacement, std::size_t{1});
    } else {
      length = std::min({text.size(), text.find('\\'), text.find('\xEF', 1)});
      each(text.substr(0, length), length);
    }
    text.remove_prefix(length);
  }
}

}  // namespace

bool is_log_time(std::string_view text) {
  static constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) return false;
  }
  return true;
}

std::string_view to_string(Stream stream) {
  switch (stream) {
    case Stream::out: return "out";
    case Stream::err: return "err";
    case Stream::berth: break;
  }
  return "berth";
}

std::string_view LogTime::text(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto ms = floor<milliseconds>(time).time_since_epoch().count();
  if (ms == shown_ms_) return {text_, length};
  shown_ms_ = ms;
  const auto day = floor<days>(time);
  if (day.time_since_epoch().count() != shown_day_) {
    shown_day_ = day.time_since_epoch().count();
    const year_month_day date(day);
    put_number(text_ + 4, 4, static_cast<int>(date.year()));
    put_number(text_ + 7, 2, static_cast<unsigned>(date.month()));
    put_number(text_ + 10, 2, static_cast<unsigned>(date.day()));
  }
  const auto of_day = ms - shown_day_ * 86'400'000;
  put_number(text_ + 13, 2, of_day / 3'600'000);
  put_number(text_ + 16, 2, of_day / 60'000 % 60);
  put_number(text_ + 19, 2, of_day / 1'000 % 60);
  put_number(text_ + 23, 3, of_day % 1'000);
  return {text_, length};
}

char* write_json_record(char* to, std::string_view at, Stream stream, std::string_view line, bool whole) {
  to = put(to, before_time);
  to = put(to, at);
  to = put(to, before_stream);
  to = put(to, to_string(stream));
  to = put(to, before_line);
  to = put_json_text(to, line);
  to = put(to, whole ? after_line : after_piece);
  *to++ = '\n';
  return to;
}

std::string record(LogFormat format, std::string_view at, Stream stream, std::string_view line, bool whole) {
  std::string text(room_for(format, line.size()), '\0');
  text.resize(static_cast<std::size_t>(write_record(text.data(), format, at, stream, line, whole) - text.data()));
  return text;
}

LogRecord read_record(std::string_view line) {
  LogRecord record;
  if (line.starts_with('{') ? read_json(line, record) : read_text(line, record)) return record;
  record = {};
  record.words = line;
  return record;
}

std::string LogRecord::line() const {
  if (!escaped) return std::string(words);
  std::string text;
  text.reserve(words.size());
  unescape(words, [&](std::string_view part, std::size_t) { text.append(part); });
  return text;
}

std::uint64_t said_bytes(std::string_view line) {
  const LogRecord record = read_record(line);
  if (record.stream == Stream::berth) return 0;
  const std::uint64_t end = record.whole ? 1 : 0;
  if (!record.escaped) return record.words.size() + end;
  std::uint64_t bytes = end;
  unescape(record.words, [&](std::string_view, std::size_t said) { bytes += said; });
  return bytes;
}

void append_json_text(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + 6 * text.size());
  out.resize(static_cast<std::size_t>(put_json_text(out.data() + before, text) - out.data()));
}

}  // namespace berth::core
