#pragma once
// The terminal of a foreground `up`: what the servers say, each line with its server's name before it, and what Berth
// has to say itself. A terminal that is stopped (Ctrl-S) or a pipe that nobody reads stops nothing here: lines wait, up
// to a bound, and are then counted. Where the journal reads, each line has its priority before it, and no colour.

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::app {

class Console {
 public:
  static constexpr std::size_t longest_queue = 1U << 20U;  // bytes

  // `width`: of the longest name. `fd` stays the caller's.
  Console(const boost::asio::any_io_executor& executor, int fd, bool colour, std::size_t width);
  ~Console();

  // The journal reads.
  [[nodiscard]] bool journal() const { return journal_; }

  // For a longer name.
  void widen(std::size_t width) { width_ = std::max(width_, width); }

  // A whole line, its newline included, as it is.
  void raw(std::string_view line);

  // No line is taken now; it is counted, and the caller need not make it.
  [[nodiscard]] bool refuses();

  // One that a server said, fit to be shown; `index` chooses the colour.
  void line(std::size_t index, std::string_view name, std::string_view text);

 private:
  void write_some();

  int fd_;
  bool journal_;
  bool colour_;
  std::size_t width_;
  std::string queue_;
  std::size_t written_ = 0;  // bytes of the queue
  std::uint64_t dropped_lines_ = 0;
  bool waiting_ = false;
  bool pollable_ = false;
  boost::asio::posix::stream_descriptor stream_;
};

}  // namespace berth::app
