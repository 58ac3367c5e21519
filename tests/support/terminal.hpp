#pragma once
// A program on a pseudo-terminal, in the foreground of a session as below a shell with job control, and what it makes
// of its screen.

#include <string>
#include <vector>

#include "support/program.hpp"

namespace harness {

// As much of a terminal (ECMA-48, and what xterm added) as the program uses.
class ScreenText {
 public:
  ScreenText(int rows, int columns);
  void resize(int rows, int columns);
  void feed(const std::string& bytes);

  [[nodiscard]] std::string text() const;  // its lines, without blanks at their ends
  [[nodiscard]] std::string line(int row) const;
  [[nodiscard]] bool alternate() const { return alternate_; }
  [[nodiscard]] bool cursor_visible() const { return cursor_visible_; }
  [[nodiscard]] bool wraps() const { return wraps_; }

 private:
  using Row = std::vector<std::string>;  // a character each
  void control(const std::string& parameters, char final);
  void put(const std::string& character);
  void line_feed();
  [[nodiscard]] std::vector<Row> blank() const;

  std::size_t rows_;
  std::size_t columns_;
  std::vector<Row> cells_;
  std::vector<Row> other_;  // the screen that is not shown
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  bool alternate_ = false;
  bool cursor_visible_ = true;
  bool wraps_ = true;
  std::string pending_;
};

class Terminal {
 public:
  Terminal(const ProgramPlan& plan, int rows, int columns);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }  // of the program
  void type(const std::string& keys) const;
  void resize(int rows, int columns);
  // The window is closed. Nothing can be read or awaited after that.
  void hang_up();
  // True once the screen shows `text`; false when it does not by the deadline, or the program has ended.
  bool shows(const std::string& text, std::chrono::milliseconds deadline = patience);
  // True once `predicate` holds for the screen.
  template <class Predicate>
  bool until(Predicate predicate, std::chrono::milliseconds deadline = patience) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!predicate(screen_)) {
      if (!read_some(end)) return predicate(screen_);
    }
    return true;
  }
  [[nodiscard]] const ScreenText& screen() const { return screen_; }
  [[nodiscard]] const std::string& all() const { return all_; }  // every byte that was written
  // The modes of the terminal are those of a shell: keys are echoed, and come as lines.
  [[nodiscard]] bool is_cooked() const;
  [[nodiscard]] bool stopped() const;  // the program is

  // Reads to the end; the exit code, 128 + N for a signal. Nothing when it still runs at the deadline.
  std::optional<int> wait(std::chrono::milliseconds deadline = patience);

 private:
  bool read_some(std::chrono::steady_clock::time_point end);

  int master_ = -1;
  pid_t shell_ = -1;
  pid_t pid_ = -1;
  ScreenText screen_;
  std::string all_;
};

}  // namespace harness
