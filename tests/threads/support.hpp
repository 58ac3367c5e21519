#pragma once
// A folder for logs, and a disk that stands still when it is told to.

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>

#include "os/log_file.hpp"
#include "support/catch.hpp"

namespace berth::test {

class LogFolder {
 public:
  LogFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "berth-logs-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~LogFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;

  [[nodiscard]] std::string log(const std::string& name) const { return (path_ / (name + ".log")).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string all_of(const std::string& path) {
  std::string text;
  for (std::size_t i = 1000; i-- > 0;) {
    std::ostringstream one;
    std::ifstream file(os::log_name(path, i), std::ios::binary);
    if (file && file.peek() != std::ifstream::traits_type::eof()) one << file.rdbuf();
    text += one.str();
  }
  return text;
}

// Called by the writer before it writes.
class Gate {
 public:
  void pass() {
    std::unique_lock guard(lock_);
    ++passing_;
    changed_.notify_all();
    changed_.wait(guard, [this] { return open_; });
    --passing_;
  }
  void close() {
    const std::lock_guard guard(lock_);
    open_ = false;
  }
  void open() {
    const std::lock_guard guard(lock_);
    open_ = true;
    changed_.notify_all();
  }
  // The writer stands before it.
  void await_writer() {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return passing_ > 0; });
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool open_ = true;
  int passing_ = 0;
};

}  // namespace berth::test
