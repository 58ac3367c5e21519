#include "app/sse_reader.hpp"

#include <utility>

namespace berth::app {

bool SseReader::feed(std::string_view bytes) {
  while (!bytes.empty() && !too_large_) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > largest_event) too_large_ = true;
    if (end == std::string_view::npos || too_large_) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line();
  }
  if (too_large_) line_.clear();
  return !too_large_;
}

void SseReader::end_line() {
  const std::string whole = std::exchange(line_, {});
  std::string_view line(whole);
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark)) line.remove_prefix(3);
  if (line.empty()) return dispatch();
  if (line.front() == ':') return;  // a comment, sent to keep the connection
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return take_field(line, "");
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
}

void SseReader::take_field(std::string_view name, std::string_view value) {
  if (name == "event") event_.type = value.empty() ? "message" : value;
  if (name == "id" && value.find('\0') == std::string_view::npos) last_id_ = value;
  if (name != "data") return;  // `retry` is for those who connect again
  if (std::exchange(has_data_, true)) event_.data += '\n';
  event_.data += value;
}

void SseReader::dispatch() {
  SseEvent event = std::exchange(event_, {});
  if (!std::exchange(has_data_, false)) return;
  event.id = last_id_;
  sink_(event);
}

}  // namespace berth::app
