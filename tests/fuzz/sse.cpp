// The reader of server-sent events: what is read does not depend on how the bytes come.

#include <algorithm>
#include <vector>

#include "app/sse_reader.hpp"
#include "fuzz/support.hpp"

using namespace berth;

namespace {

std::string told(std::string_view text, std::size_t piece) {
  std::string all;
  app::SseReader reader([&](const app::SseEvent& event) {
    FUZZ_CHECK(event.data.size() <= app::SseReader::largest_event, std::to_string(event.data.size()));
    FUZZ_CHECK(event.data.find('\r') == std::string::npos, fuzz::visible(event.data));
    FUZZ_CHECK(event.type.find('\n') == std::string::npos && !event.type.empty(), fuzz::visible(event.type));
    all += event.type + '\x1f' + event.data + '\x1f' + event.id + '\x1e';
  });
  for (std::size_t at = 0; at < text.size(); at += piece) reader.feed(text.substr(at, piece));
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1U + data[0] % 16U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  FUZZ_CHECK(told(text, piece) == told(text, text.size() + 1), fuzz::visible(text));
  return 0;
}
