// Server-sent events, in whatever pieces they come.

#include "app/sse_reader.hpp"

#include <vector>

#include "support/catch.hpp"

namespace berth::app::test {
namespace {

struct Read {
  std::vector<SseEvent> events;
  bool fine = true;
};

Read read_in_pieces(std::string_view text, std::size_t piece) {
  Read read;
  SseReader reader([&](const SseEvent& event) { read.events.push_back(event); });
  for (std::size_t at = 0; at < text.size(); at += piece) read.fine = reader.feed(text.substr(at, piece));
  return read;
}

std::vector<std::string> told(std::string_view text) {
  std::vector<std::string> all;
  for (const SseEvent& event : read_in_pieces(text, text.size() + 1).events) {
    all.push_back(event.type + "|" + event.data + "|" + event.id);
  }
  for (std::size_t piece = 1; piece < 5; ++piece) {
    std::vector<std::string> again;
    for (const SseEvent& event : read_in_pieces(text, piece).events) {
      again.push_back(event.type + "|" + event.data + "|" + event.id);
    }
    CHECK(again == all);
  }
  return all;
}

using Lines = std::vector<std::string>;

TEST_CASE("An event ends with an empty line, however lines end") {
  CHECK(told("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d") == Lines{"message|a|", "message|b|", "message|c|"});
}

TEST_CASE("Lines of data are joined and fields without a colon are empty") {
  CHECK(told("data: a\ndata:b\ndata\ndata:  c\n\n") == Lines{"message|a\nb\n\n c|"});
}

TEST_CASE("An event has a type and keeps the last id") {
  CHECK(told("event: add\nid: 7\ndata: 1\n\ndata: 2\n\nid:\ndata: 3\n\n") ==
        Lines{"add|1|7", "message|2|7", "message|3|"});
}

TEST_CASE("Comments, unknown fields and events without data say nothing") {
  CHECK(told(": ping\n\nretry: 5\nx: y\n\nevent: nothing\n\ndata: a\n\n") == Lines{"message|a|"});
}

TEST_CASE("A byte order mark at the very beginning is no part of the first field") {
  CHECK(told("\xEF\xBB\xBF"
             "data: a\n\n\xEF\xBB\xBF"
             "data: b\n\n") == Lines{"message|a|"});
}

TEST_CASE("An event without end is given up when it is too large") {
  SseReader reader([](const SseEvent&) { FAIL("no event"); });
  const std::string megabyte(1U << 20U, 'x');
  CHECK(reader.feed("data: "));
  bool fine = true;
  for (int i = 0; i < 5; ++i) fine = reader.feed(megabyte);
  CHECK_FALSE(fine);
  CHECK_FALSE(reader.feed("\n\ndata: a\n\n"));
}

}  // namespace
}  // namespace berth::app::test
