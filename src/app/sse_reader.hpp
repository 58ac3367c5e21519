#pragma once
// Server-sent events (WHATWG HTML, "Server-sent events", 9.2.6): what an MCP server may answer a POST with, instead of
// one JSON document. Bytes in, in whatever pieces they come; events out.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace berth::app {

struct SseEvent {
  std::string type = "message";
  std::string data;  // its lines joined by \n
  std::string id;    // the last one given, also by an earlier event
};

class SseReader {
 public:
  using Sink = std::function<void(const SseEvent&)>;

  // No event and no line may be larger: a server that never ends one must not fill our memory.
  static constexpr std::size_t largest_event = 4U << 20U;

  explicit SseReader(Sink sink) : sink_(std::move(sink)) {}

  // False, from then on, when an event was too large. An event that the stream breaks off is none.
  bool feed(std::string_view bytes);

 private:
  void end_line();
  void take_field(std::string_view name, std::string_view value);
  void dispatch();

  Sink sink_;
  std::string line_;
  SseEvent event_;
  std::string last_id_;
  bool has_data_ = false;
  bool after_cr_ = false;  // a \n that follows belongs to the end of the line before
  bool first_line_ = true;
  bool too_large_ = false;
};

}  // namespace berth::app
