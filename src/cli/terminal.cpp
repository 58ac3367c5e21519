#include "cli/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace berth::cli {

namespace {

constexpr std::string_view alternate_screen = "\x1b[?1049h";
constexpr std::string_view normal_screen = "\x1b[?1049l";
constexpr std::string_view hide_cursor = "\x1b[?25l";
constexpr std::string_view show_cursor = "\x1b[?25h";
constexpr std::string_view no_wrapping = "\x1b[?7l";
constexpr std::string_view wrapping = "\x1b[?7h";
constexpr std::string_view clear = "\x1b[2J";
// A terminal that knows synchronized output shows what stands between these at once; others ignore them.
constexpr std::string_view begin_frame = "\x1b[?2026h";
constexpr std::string_view end_frame = "\x1b[?2026l";

}  // namespace

std::optional<TerminalSize> terminal_size(int fd) {
  winsize size{};
  if (::isatty(fd) == 0 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  TerminalSize result;
  if (size.ws_col > 0) result.columns = size.ws_col;
  if (size.ws_row > 0) result.rows = size.ws_row;
  return result;
}

bool can_redraw(int fd) {
  const char* name = std::getenv("TERM");
  return ::isatty(fd) == 1 && name != nullptr && *name != '\0' && std::string_view(name) != "dumb";
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // another program has made the terminal non-blocking
      pollfd writable{fd, POLLOUT, 0};
      ::poll(&writable, 1, -1);
      continue;
    }
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

FullScreen::FullScreen() : tty_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
  has_modes_ = tty_ && ::tcgetattr(tty_.get(), &before_) == 0;
  enter();
}

FullScreen::~FullScreen() {
  leave();
}

void FullScreen::enter() {
  if (has_modes_) {
    termios modes = before_;
    // Keys one by one and unseen; Ctrl-C and Ctrl-Z go on to be signals.
    modes.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
    modes.c_iflag &= static_cast<tcflag_t>(~(IXON | ICRNL));
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    ::tcsetattr(tty_.get(), TCSADRAIN, &modes);
  }
  std::string text;
  for (const auto part : {alternate_screen, hide_cursor, no_wrapping, clear}) text += part;
  write_all(STDOUT_FILENO, text);
  entered_ = true;
  forget();
}

void FullScreen::leave() {
  if (!std::exchange(entered_, false)) return;
  std::string text;
  for (const auto part : {wrapping, show_cursor, normal_screen}) text += part;
  write_all(STDOUT_FILENO, text);
  if (has_modes_) ::tcsetattr(tty_.get(), TCSADRAIN, &before_);
}

bool FullScreen::show(const std::vector<std::string>& lines) {
  const std::string text = repaint(shown_ ? &*shown_ : nullptr, lines);
  shown_ = lines;
  return text.empty() || write_all(STDOUT_FILENO, text);
}

void FullScreen::forget() {
  shown_.reset();
}

std::string repaint(const std::vector<std::string>* before, const std::vector<std::string>& after) {
  std::string changes;
  const std::size_t rows = before == nullptr ? after.size() : std::max(before->size(), after.size());
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string line = row < after.size() ? after[row] : "";
    if (before != nullptr && row < before->size() && (*before)[row] == line) continue;
    // Erased first: text that fills the last column leaves the cursor on it.
    changes += "\x1b[" + std::to_string(row + 1) + ";1H\x1b[K" + line + "\x1b[0m";
  }
  if (before == nullptr) changes = std::string(clear) + changes;
  if (changes.empty()) return {};
  return std::string(begin_frame) + changes + std::string(end_frame);
}

}  // namespace berth::cli
