#pragma once
// Reads SERVER.log and its older files as one, from a chosen place on, also while they are written and rotated. It
// keeps one block in memory and one file open; what was rotated away before it was read is counted.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/log_record.hpp"
#include "os/fd.hpp"
#include "os/log_file.hpp"

namespace berth::os {

// From where on, and what.
struct LogWish {
  std::optional<std::uint64_t> lines;  // the last ones only
  std::string since;                   // a LogTime; empty: from the beginning
  std::optional<core::Stream> stream;
};

class LogReader {
 public:
  // `files`: those that there are now; asked again and again while somebody writes them.
  LogReader(std::string path, LogWish wish, std::function<LogGenerations()> files);

  struct Missed {
    std::optional<std::uint64_t> lines;  // how many; nobody knows of those that an earlier process has written
  };
  enum class Next {
    line,    // `record` is the next one
    missed,  // lines that can no longer be read come here: `missed`
    later,   // there is none now; with nobody who writes there will be none
    busy,    // still looking for the beginning: ask again
  };
  // Reads a megabyte or so at most.
  Next next();

  // Valid until the next call of `next`. The time is the last one that was seen, where a line has none of its own; it
  // may be empty.
  [[nodiscard]] const core::LogRecord& record() const { return record_; }
  [[nodiscard]] const Missed& missed() const { return missed_; }

 private:
  using Generation = std::shared_ptr<LogGeneration>;

  bool seek();
  bool seek_back(std::size_t budget);
  void begin_search();
  bool is_too_old(std::string_view line_start);
  bool wanted(const core::LogRecord& record) const;
  bool fill();
  std::optional<Next> advance();
  [[nodiscard]] Fd open(const LogGenerations& files, const Generation& which) const;
  void enter(Generation which, Fd file, std::uint64_t offset);

  std::string path_;
  LogWish wish_;
  std::function<LogGenerations()> files_;
  bool found_ = false;  // where to begin

  // Looking backwards for the beginning.
  LogGenerations search_;
  std::size_t search_index_ = 0;
  std::uint64_t search_end_ = 0;    // of the bytes that are not looked at yet
  std::uint64_t search_start_ = 0;  // of the last line that was looked at
  std::string search_tail_;         // what follows them, as far as a record's head may reach
  std::uint64_t counted_ = 0;
  bool searching_ = false;

  Generation current_;
  Fd file_;
  std::uint64_t offset_ = 0;  // of what comes after the block
  std::string block_;
  std::size_t at_ = 0;  // in the block
  bool last_look_ = false;
  core::LogRecord record_;
  std::string last_at_;
  Missed missed_;
};

}  // namespace berth::os
