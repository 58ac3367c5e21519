#pragma once
// What became of a server's words: written, or dropped, each byte and each line in exactly one of the two.

#include <cstdint>
#include <string>

namespace berth {

// Bytes and lines as the server said them, line feeds included; what Berth writes around them does not count. A piece
// of a line of more than 64 KiB counts as a line.
struct LogCounters {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
  std::uint64_t dropped_bytes = 0;
  std::uint64_t dropped_lines = 0;

  friend bool operator==(const LogCounters&, const LogCounters&) = default;
};

}  // namespace berth

namespace berth::core {

struct Said {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;

  Said& operator+=(const Said& other) {
    lines += other.lines;
    bytes += other.bytes;
    return *this;
  }
  Said& operator-=(const Said& other) {
    lines -= other.lines;
    bytes -= other.bytes;
    return *this;
  }
  friend bool operator==(const Said&, const Said&) = default;
};

// "1 line, 80 bytes"
inline std::string describe(const Said& said) {
  return std::to_string(said.lines) + (said.lines == 1 ? " line, " : " lines, ") + std::to_string(said.bytes) +
         (said.bytes == 1 ? " byte" : " bytes");
}

class LogAccount {
 public:
  void wrote(const Said& said) {
    counters_.lines += said.lines;
    counters_.bytes += said.bytes;
  }
  void dropped(const Said& said) {
    counters_.dropped_lines += said.lines;
    counters_.dropped_bytes += said.bytes;
    untold_ += said;
  }
  [[nodiscard]] const LogCounters& counters() const { return counters_; }

  // Dropped, and not yet noted in the file.
  [[nodiscard]] const Said& untold() const { return untold_; }
  void told() { untold_ = {}; }

 private:
  LogCounters counters_;
  Said untold_;
};

}  // namespace berth::core
