#include "cli/keys.hpp"

#include <algorithm>

namespace berth::cli {

namespace {

struct Sequence {
  std::string_view bytes;
  Key key;
};

constexpr Sequence sequences[] = {
    {"\x1b[A", Key::up},       {"\x1b[B", Key::down},       {"\x1bOA", Key::up},    {"\x1bOB", Key::down},
    {"\x1b[5~", Key::page_up}, {"\x1b[6~", Key::page_down}, {"\x1b[H", Key::home},  {"\x1b[F", Key::end},
    {"\x1bOH", Key::home},     {"\x1bOF", Key::end},        {"\x1b[1~", Key::home}, {"\x1b[4~", Key::end},
};

// A control sequence that is none of ours: its length, so that its letters are not taken for keys.
std::size_t length_of_unknown(std::string_view bytes) {
  if (bytes.size() < 2 || (bytes[1] != '[' && bytes[1] != 'O')) return 1;
  std::size_t end = 2;
  while (end < bytes.size() && bytes[end] >= 0x20 && bytes[end] < 0x40) ++end;
  return std::min(end + 1, bytes.size());
}

}  // namespace

std::vector<KeyPress> keys_in(std::string_view bytes) {
  std::vector<KeyPress> keys;
  while (!bytes.empty()) {
    const auto* known = std::find_if(std::begin(sequences), std::end(sequences),
                                     [&](const Sequence& sequence) { return bytes.starts_with(sequence.bytes); });
    if (known != std::end(sequences)) {
      keys.push_back({known->key, 0});
      bytes.remove_prefix(known->bytes.size());
      continue;
    }
    const char first = bytes.front();
    std::size_t length = 1;
    if (first == '\x1b') {
      length = length_of_unknown(bytes);
      if (length == 1) keys.push_back({Key::escape, 0});
    } else if (first == '\r' || first == '\n') {
      keys.push_back({Key::enter, 0});
    } else if (first >= 0x20 && first < 0x7F) {
      keys.push_back({Key::character, first});
    }
    bytes.remove_prefix(length);
  }
  return keys;
}

}  // namespace berth::cli
