#pragma once
// A file that one writer appends lines to, and its older ones: PATH, PATH.1, PATH.2 … A new one is begun when it is
// full, and no line is cut in two by that. A disk that is full or a folder that is gone drops what was to be written,
// counts it exactly, and is tried again: a server does not stop because its log cannot be written.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/log_account.hpp"
#include "os/fd.hpp"

namespace berth::os {

// One of the files, for whoever reads them while they are written.
struct LogGeneration {
  std::uint64_t id = 0;  // in the order in which they were begun
  dev_t device = 0;
  ino_t inode = 0;
  // The numbers of its lines, counted since this process began to write, those of Berth too: where it begins, and,
  // once another was begun, where it has ended. Files of an earlier process have `before` instead.
  bool before = false;
  std::uint64_t first = 0;
  std::atomic<std::uint64_t> end{0};
};
// The newest first: PATH, PATH.1, … A place may be empty.
using LogGenerations = std::vector<std::shared_ptr<LogGeneration>>;

std::string log_name(const std::string& path, std::size_t index);  // PATH, PATH.1, …

// Those that there are, of an earlier process. Looks for as many as `at_least`, and on while there are more.
LogGenerations find_log_generations(const std::string& path, unsigned at_least);

class LogFile {
 public:
  struct Options {
    std::uint64_t max_size = UINT64_MAX;  // bytes; ≥ 1. A line that is longer has a file of its own
    unsigned files = 5;                   // older ones kept
    // The bytes that the server said in a line of the file (given without its line feed).
    std::uint64_t (*said)(std::string_view line) = [](std::string_view line) -> std::uint64_t {
      return line.size() + 1;
    };
    // The line, with its line feed, that tells what was dropped; without one nothing is told in the file.
    std::function<std::string(const core::Said& dropped, const std::string& why)> note{};
  };

  explicit LogFile(std::string path) : LogFile(std::move(path), Options{}) {}
  LogFile(std::string path, Options options) : path_(std::move(path)), options_(std::move(options)) {}

  // Whole lines, each with its line feed; `said`: what the server said in them.
  void append(std::string_view lines, const core::Said& said);
  void append(std::string_view lines) { append(lines, said_in(lines)); }
  // Gives the descriptor back until the next `append`: for the time in which nobody writes.
  void rest();
  // From the next line on.
  void set_limits(std::uint64_t max_size, unsigned files);
  void set_note(std::function<std::string(const core::Said&, const std::string&)> note) {
    options_.note = std::move(note);
  }
  // Was never to be written: counted, and told in the file.
  void drop(const core::Said& said, const std::string& why);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const LogCounters& counters() const { return account_.counters(); }
  [[nodiscard]] std::uint64_t dropped_bytes() const { return counters().dropped_bytes; }
  // The reason why the last write did not succeed; empty when it did.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] const LogGenerations& generations() const { return generations_; }

 private:
  void write(std::string_view lines, std::uint64_t many);
  bool ready();
  bool open();
  bool rotate();
  bool put(std::string_view lines, std::uint64_t many);
  void lose(std::string_view lines);
  void fail(int error);
  void begin_generation();
  [[nodiscard]] core::Said said_in(std::string_view lines) const;

  std::string path_;
  Options options_;
  Fd file_;
  std::uint64_t size_ = 0;
  std::uint64_t written_lines_ = 0;  // of all files, since this process began
  bool torn_ = false;                // its last line has no end
  bool rescan_ = false;              // who has which name is not known
  core::Said lost_;                  // in this `append`
  core::LogAccount account_;
  std::string trouble_;
  std::string why_dropped_;
  LogGenerations generations_;
  std::uint64_t latest_id_ = 0;
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::steady_clock::time_point next_check_{};
};

}  // namespace berth::os
