#pragma once
// What a server says: whole lines for those who read them, and the last few for the day when it dies.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/line_splitter.hpp"
#include "core/log_record.hpp"
#include "core/printable.hpp"

namespace berth::app {

using core::LineSplitter;
using core::Stream;

// The last lines of both streams, at most 20 of them and 4 KiB in all. When there are too many, the stream that has
// more gives up its oldest: a flood on one does not wash away the last words on the other.
class OutputTail {
 public:
  static constexpr std::size_t most_lines = 20;
  static constexpr std::size_t most_bytes = 4096;
  static constexpr std::size_t longest_line = 1024;

  void add(Stream stream, std::string_view line);
  void clear();
  [[nodiscard]] std::vector<std::string> lines() const;  // in the order in which they were said

 private:
  struct Line {
    std::uint64_t number;
    std::string text;
  };
  struct Share {
    std::vector<Line> lines;
    std::size_t bytes = 0;
  };
  std::array<Share, 2> shares_;  // by Stream
  std::uint64_t next_number_ = 0;
};

using core::printable;

}  // namespace berth::app
