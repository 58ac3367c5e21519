#pragma once
// A group of processes with little memory: for tests of what the kernel does when there is none left.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace harness {

// A memory control group (version 1 or 2) below that of this process; false where none can be made. Removed at the end.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::uint64_t bytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  explicit operator bool() const { return !folder_.empty(); }
  // A process that writes a line with its pid there is in it.
  [[nodiscard]] std::string entrance() const { return folder_ + "/cgroup.procs"; }

  struct Ended {
    pid_t pid = 0;
    int signal = 0;
  };
  // Runs a process that takes memory until there is no more.
  [[nodiscard]] Ended run_greedy() const;

 private:
  std::string folder_;
};

}  // namespace harness
