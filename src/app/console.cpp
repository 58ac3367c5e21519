#include "app/console.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/journal.hpp"

namespace berth::app {

namespace {

// Readable on dark and on light terminals.
constexpr std::array<std::string_view, 6> colours{"\x1b[36m", "\x1b[33m", "\x1b[32m",
                                                  "\x1b[35m", "\x1b[34m", "\x1b[31m"};

// A pipe that is ready takes this much without blocking (POSIX, PIPE_BUF).
constexpr std::size_t piece = 4096;

bool writable(int fd) {
  pollfd poll_for{fd, POLLOUT, 0};
  return ::poll(&poll_for, 1, 0) == 1;
}

}  // namespace

Console::Console(const boost::asio::any_io_executor& executor, int fd, bool colour, std::size_t width)
    : fd_(fd), journal_(os::is_journal(fd)), colour_(colour && !journal_), width_(width), stream_(executor) {
  boost::system::error_code error;
  const int copy = ::dup(fd);
  stream_.assign(copy, error);
  pollable_ = !error;  // a file is not, and never makes anybody wait
  if (error) ::close(copy);
}

Console::~Console() {
  for (int i = 0; i < 64 && !queue_.empty() && writable(fd_); ++i) write_some();
}

bool Console::refuses() {
  if (queue_.size() - written_ <= longest_queue) return false;
  ++dropped_lines_;
  return true;
}

void Console::raw(std::string_view line) {
  if (refuses()) return;
  if (dropped_lines_ > 0) {
    if (journal_) queue_ += os::priority::warning;
    queue_ += "berth: " + std::to_string(dropped_lines_) + " lines were not shown, because nobody read\n";
    dropped_lines_ = 0;
  }
  queue_ += line;
  if (!waiting_) write_some();
}

void Console::line(std::size_t index, std::string_view name, std::string_view text) {
  std::string line(journal_ ? os::priority::info : "");
  if (colour_) line += colours[index % colours.size()];
  line.append(name).append(width_ > name.size() && !journal_ ? width_ - name.size() : 0, ' ').append(" | ");
  if (colour_) line += "\x1b[0m";
  raw(line.append(text) + "\n");
}

void Console::write_some() {
  while (!queue_.empty() && (!pollable_ || writable(fd_))) {
    const ssize_t written = ::write(fd_, queue_.data() + written_, std::min(queue_.size() - written_, piece));
    if (written < 0 && errno == EINTR) continue;
    written_ += written < 0 ? queue_.size() - written_  // the terminal is gone; the log files have it all
                            : static_cast<std::size_t>(written);
    if (written_ < queue_.size() && written_ < longest_queue / 2) continue;
    queue_.erase(0, written_);
    written_ = 0;
  }
  if (queue_.empty() || waiting_) return;
  waiting_ = true;
  stream_.async_wait(boost::asio::posix::stream_descriptor::wait_write, [this](const boost::system::error_code& error) {
    waiting_ = false;
    if (!error) write_some();
  });
}

}  // namespace berth::app
