#pragma once
// The terminal that we may be talking to.

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.hpp"

namespace berth::cli {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// Of the terminal on this descriptor; nothing when it is none. One that does not know its size is asked for as 80×24.
std::optional<TerminalSize> terminal_size(int fd);

// A terminal that can move its cursor.
bool can_redraw(int fd);

// Writes all of it, whatever interrupts. False when nobody reads any more.
bool write_all(int fd, std::string_view text);

// The whole screen, for as long as this lives: the alternate screen, without cursor and without wrapping, with keys
// that come one by one. The destructor gives the terminal back as it was. Output goes to the standard output.
class FullScreen {
 public:
  FullScreen();
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  // Where keys come from: the controlling terminal, with a file description of our own.
  [[nodiscard]] int keys() const { return tty_.get(); }

  void enter();  // also again, after `leave` or when somebody else has used the terminal
  void leave();

  // Shows these lines from the top, each fit for the width. Only those that differ from what stands there are written,
  // in one write. False when nobody reads any more.
  bool show(const std::vector<std::string>& lines);
  // What stands there is not known any more: the next `show` writes everything.
  void forget();

 private:
  os::Fd tty_;
  termios before_{};
  bool has_modes_ = false;
  bool entered_ = false;
  std::optional<std::vector<std::string>> shown_;
};

// What `show` writes to get from one screen to another; `before` is nothing when it is not known. Pure.
std::string repaint(const std::vector<std::string>* before, const std::vector<std::string>& after);

}  // namespace berth::cli
