#pragma once
// A line of output as it stands in SERVER.log, written and read.
//
//   text   2026-11-21T10:00:00.123Z out what the server said
//   json   {"at":"2026-11-21T10:00:00.123Z","stream":"out","line":"what the server said"}
//
// The stream is `out`, `err`, or `berth` for what Berth has to say about the log itself. A record behind whose words
// the server said no line feed (a piece of a line of more than 64 KiB, or its last words) has `out+` and `err+`, in
// JSON `"continued":true` at its end: so the file tells byte for byte what was said. JSON cannot hold every byte: one
// that is no UTF-8 is written as U+FFFD, and a U+FFFD that was said as `\ufffd`.

#include <berth/config.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::core {

enum class Stream : std::uint8_t { out, err, berth };

std::string_view to_string(Stream stream);

// RFC 3339 in UTC with milliseconds, made once for each millisecond.
class LogTime {
 public:
  static constexpr std::size_t length = 24;
  // Stays as it is until the next call.
  std::string_view text(std::chrono::system_clock::time_point time);

 private:
  std::int64_t shown_ms_ = INT64_MIN;
  std::int64_t shown_day_ = INT64_MIN;
  char text_[length + 1] = "0000-00-00T00:00:00.000Z";
};

// Is it such a text?
bool is_log_time(std::string_view text);

// The longest that a record can be beside its words.
constexpr std::size_t record_overhead = 80;
// For a line of this many bytes in this format, with all that is around it.
constexpr std::size_t room_for(LogFormat format, std::size_t line) {
  return record_overhead + (format == LogFormat::json ? 6 * line : line);
}

// Writes one at `to`, which has `room_for` it; returns its end. `at` is a LogTime. Inline: this is done for every line.
char* write_json_record(char* to, std::string_view at, Stream stream, std::string_view line, bool whole);
inline char* write_record(char* to, LogFormat format, std::string_view at, Stream stream, std::string_view line,
                          bool whole) {
  if (format == LogFormat::json) return write_json_record(to, at, stream, line, whole);
  to += at.copy(to, LogTime::length);
  *to++ = ' ';
  to += to_string(stream).copy(to, 5);
  if (!whole) *to++ = '+';
  *to++ = ' ';
  to += line.copy(to, line.size());
  *to++ = '\n';
  return to;
}
std::string record(LogFormat format, std::string_view at, Stream stream, std::string_view line, bool whole = true);

// A record that was read. Of a line that is none (of another program, or of an older Berth) `at` is empty and all of
// it the words.
struct LogRecord {
  std::string_view at;
  Stream stream = Stream::out;
  bool whole = true;
  bool escaped = false;    // JSON: `words` are to be unescaped
  std::string_view words;  // in the line that was given

  [[nodiscard]] std::string line() const;  // the words
};
// `line`: without its line feed.
LogRecord read_record(std::string_view line);

// How many bytes the server said in this record, its line feed included; 0 for what Berth has said. `line`: without its
// line feed.
std::uint64_t said_bytes(std::string_view line);

// Without the quotes around it. Text that is no UTF-8: see above.
void append_json_text(std::string& out, std::string_view text);

}  // namespace berth::core
