#pragma once
// Did the kernel end a process for want of memory? Nothing tells its parent: the process has died of SIGKILL, as of
// anybody's. The counter `oom_kill` of /proc/vmstat (since Linux 4.13, of all cgroups) tells that somebody was ended
// so, and the kernel's log, where it may be read, whom.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "core/conflict.hpp"
#include "os/fd.hpp"

namespace berth::os {

class OomWatch {
 public:
  OomWatch();

  using Instant = std::chrono::steady_clock::time_point;
  // A shell, or a bridge, ends this soon after its child.
  static constexpr std::chrono::seconds longest_echo{10};

  // To be called every now and then, so that it is known when somebody was killed.
  void look(Instant now);

  // To be asked of every child that has ended, soon after. A death by SIGKILL is one for want of memory when the
  // kernel's log names the process, and where that log cannot be read, when one more was counted since the last
  // question. Code 137 tells of a SIGKILL below it: one was counted within `longest_echo`, of a process of nobody
  // else's as far as is known. (The count is of the whole machine.)
  bool ended(pid_t pid, const core::ExitStatus& status, Instant now);

 private:
  void read_log();

  std::optional<std::uint64_t> counted_;
  std::uint64_t unexplained_ = 0;  // counted, and of nobody's yet
  Fd log_;                         // of the kernel; only where its pids are ours
  std::unordered_set<pid_t> named_;
  Instant noticed_{};  // the last of them
};

// The pid in a line of the kernel's log such as "Out of memory: Killed process 4711 (node) total-vm:…".
std::optional<pid_t> pid_killed_for_memory(std::string_view line);

}  // namespace berth::os
