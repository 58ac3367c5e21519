#pragma once
// When a log file is full: decided line by line, so that none is cut in two.

#include <cstdint>
#include <string_view>

namespace berth::core {

// How many bytes of `records` (whole lines, each with its line feed) go into a file that has `size` bytes already and
// may have `most`: as many lines as fit. 0: none; begin another file first. A line that fits into no file goes into one
// of its own.
inline std::size_t fitting(std::uint64_t size, std::uint64_t most, std::string_view records) {
  const std::uint64_t room = size < most ? most - size : 0;
  if (records.size() <= room) return records.size();
  if (room > 0) {
    const std::size_t end = records.rfind('\n', static_cast<std::size_t>(room) - 1);
    if (end != std::string_view::npos) return end + 1;
  }
  if (size > 0) return 0;
  const std::size_t end = records.find('\n');
  return end == std::string_view::npos ? records.size() : end + 1;
}

}  // namespace berth::core
