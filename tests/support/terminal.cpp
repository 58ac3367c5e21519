#include "support/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <system_error>

namespace harness {

namespace {

// The child of the terminal: a shell with job control that knows one command. Between fork and exec, so only what is
// safe there.
[[noreturn]] void be_a_shell(const char* path, char* const* argv, char* const* environment, const char* folder,
                             int report) {
  ::signal(SIGTTOU, SIG_IGN);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setpgid(0, 0);
    ::tcsetpgrp(STDIN_FILENO, ::getpid());
    ::signal(SIGTTOU, SIG_DFL);
    if (::chdir(folder) == 0) ::execve(path, argv, environment);
    ::_exit(127);
  }
  ::setpgid(pid, pid);
  [[maybe_unused]] const auto written = ::write(report, &pid, sizeof(pid));
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::size_t number(const std::string& parameters, std::size_t otherwise) {
  return parameters.empty() || parameters[0] < '0' || parameters[0] > '9' ? otherwise : std::stoul(parameters);
}

}  // namespace

ScreenText::ScreenText(int rows, int columns)
    : rows_(static_cast<std::size_t>(rows)),
      columns_(static_cast<std::size_t>(columns)),
      cells_(blank()),
      other_(blank()) {}

std::vector<ScreenText::Row> ScreenText::blank() const {
  return std::vector<Row>(rows_, Row(columns_, " "));
}

void ScreenText::resize(int rows, int columns) {
  rows_ = static_cast<std::size_t>(rows);
  columns_ = static_cast<std::size_t>(columns);
  for (auto* cells : {&cells_, &other_}) {
    cells->resize(rows_, Row(columns_, " "));
    for (Row& row : *cells) row.resize(columns_, " ");
  }
  row_ = std::min(row_, rows_ - 1);
  column_ = std::min(column_, columns_);
}

void ScreenText::line_feed() {
  if (++row_ < rows_) return;
  row_ = rows_ - 1;
  cells_.erase(cells_.begin());
  cells_.emplace_back(columns_, " ");
}

void ScreenText::put(const std::string& character) {
  if (column_ >= columns_) {
    if (wraps_) {
      column_ = 0;
      line_feed();
    } else {
      column_ = columns_ - 1;
    }
  }
  cells_[row_][column_++] = character;
}

void ScreenText::control(const std::string& parameters, char final) {
  switch (final) {
    case 'H': {
      const auto semicolon = parameters.find(';');
      row_ = std::min(number(parameters, 1), rows_) - 1;
      column_ =
          std::min(semicolon == std::string::npos ? 1 : number(parameters.substr(semicolon + 1), 1), columns_) - 1;
      return;
    }
    case 'A': row_ -= std::min(row_, number(parameters, 1)); return;
    case 'K':
      std::fill(cells_[row_].begin() + static_cast<std::ptrdiff_t>(std::min(column_, columns_)), cells_[row_].end(),
                " ");
      return;
    case 'J':
      if (parameters == "2") {
        cells_ = blank();
        return;
      }
      control("", 'K');
      for (std::size_t row = row_ + 1; row < rows_; ++row) cells_[row] = Row(columns_, " ");
      return;
    case 'h':
    case 'l': {
      const bool set = final == 'h';
      if (parameters == "?25") cursor_visible_ = set;
      if (parameters == "?7") wraps_ = set;
      if (parameters == "?1049" && set != alternate_) {
        alternate_ = set;
        std::swap(cells_, other_);
        if (set) cells_ = blank();
      }
      return;
    }
    default: return;
  }
}

void ScreenText::feed(const std::string& bytes) {
  pending_ += bytes;
  std::size_t i = 0;
  while (i < pending_.size()) {
    const auto byte = static_cast<unsigned char>(pending_[i]);
    if (byte == 0x1b) {
      if (i + 1 >= pending_.size()) break;
      if (pending_[i + 1] != '[') {
        i += 2;
        continue;
      }
      std::size_t end = i + 2;
      while (end < pending_.size() && (pending_[end] < '@' || pending_[end] > '~')) ++end;
      if (end == pending_.size()) break;
      control(pending_.substr(i + 2, end - i - 2), pending_[end]);
      i = end + 1;
    } else if (byte == '\r' || byte == '\n') {
      if (byte == '\n') line_feed();
      if (byte == '\r') column_ = 0;
      ++i;
    } else if (byte < 0x20 || byte == 0x7f) {
      ++i;
    } else {
      const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      if (i + length > pending_.size()) break;
      put(pending_.substr(i, length));
      i += length;
    }
  }
  pending_.erase(0, i);
}

std::string ScreenText::line(int row) const {
  std::string text;
  for (const std::string& cell : cells_.at(static_cast<std::size_t>(row))) text += cell;
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string ScreenText::text() const {
  std::string all;
  for (std::size_t row = 0; row < rows_; ++row) all += line(static_cast<int>(row)) + "\n";
  return all;
}

Terminal::Terminal(const ProgramPlan& plan, int rows, int columns) : screen_(rows, columns) {
  std::vector<std::string> arguments{plan.path};
  arguments.insert(arguments.end(), plan.args.begin(), plan.args.end());
  std::vector<std::string> environment;
  for (const auto& [name, value] : plan.environment) environment.push_back(name + "=" + value);
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  shell_ = ::forkpty(&master_, nullptr, nullptr, &size);
  if (shell_ < 0) throw std::system_error(errno, std::generic_category(), "forkpty");
  if (shell_ == 0) be_a_shell(plan.path.c_str(), argv.data(), envp.data(), plan.folder.c_str(), report[1]);
  ::fcntl(master_, F_SETFD, FD_CLOEXEC);
  ::close(report[1]);
  const auto got = ::read(report[0], &pid_, sizeof(pid_));
  ::close(report[0]);
  if (got != sizeof(pid_)) throw std::system_error(errno, std::generic_category(), "no program on the terminal");
}

Terminal::~Terminal() {
  if (shell_ > 0) {
    ::kill(pid_ > 1 ? pid_ : shell_, SIGKILL);
    ::waitpid(shell_, nullptr, 0);
  }
  if (master_ >= 0) ::close(master_);
}

void Terminal::hang_up() {
  ::close(master_);
  master_ = -1;
  ::kill(pid_, SIGHUP);  // as a shell does for its jobs
  pid_ = -1;             // it may be gone as soon as now
}

void Terminal::type(const std::string& keys) const {
  if (::write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
    throw std::system_error(errno, std::generic_category(), "cannot type");
  }
}

void Terminal::resize(int rows, int columns) {
  screen_.resize(rows, columns);
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  ::ioctl(master_, TIOCSWINSZ, &size);
}

bool Terminal::read_some(std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  pollfd watched{master_, POLLIN, 0};
  if (left.count() <= 0 || ::poll(&watched, 1, static_cast<int>(left.count())) <= 0) return false;
  char bytes[4096];
  const auto got = ::read(master_, bytes, sizeof(bytes));
  if (got <= 0) return false;  // EIO: the program has ended
  const std::string text(bytes, static_cast<std::size_t>(got));
  all_ += text;
  screen_.feed(text);
  return true;
}

bool Terminal::shows(const std::string& text, std::chrono::milliseconds deadline) {
  return until([&](const ScreenText& screen) { return screen.text().find(text) != std::string::npos; }, deadline);
}

bool Terminal::is_cooked() const {
  termios modes{};
  return ::tcgetattr(master_, &modes) == 0 && (modes.c_lflag & ICANON) != 0 && (modes.c_lflag & ECHO) != 0;
}

bool Terminal::stopped() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const auto name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat[name_end + 2] == 'T';
}

std::optional<int> Terminal::wait(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (read_some(end)) {
  }
  if (std::chrono::steady_clock::now() >= end) return std::nullopt;
  int status = 0;
  while (::waitpid(shell_, &status, 0) < 0 && errno == EINTR) {
  }
  shell_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace harness
