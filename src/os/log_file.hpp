#pragma once
// A file that one writer appends to. A disk that is full or a folder that is gone drops what was to be written, counts
// it exactly, and is tried again: a server does not stop because its log cannot be written.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace berth::os {

class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}

  void append(std::string_view bytes);
  // Gives the descriptor back until the next `append`: for the time in which nobody writes.
  void rest();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t dropped_bytes() const { return dropped_; }
  // The reason why the last write did not succeed; empty when it did.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  bool open();

  std::string path_;
  Fd file_;
  std::uint64_t dropped_ = 0;
  std::string trouble_;
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::steady_clock::time_point next_check_{};
};

}  // namespace berth::os
