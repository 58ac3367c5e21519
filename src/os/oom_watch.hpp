#pragma once
// Did the kernel end a process for want of memory? Nothing tells its parent: the process has died of SIGKILL, as of
// anybody's. The counter `oom_kill` of /proc/vmstat (since Linux 4.13, of all cgroups) tells that somebody was ended
// so, and the kernel's log, where it may be read, whom.

#include <sys/types.h>

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

  // To be asked of every child that has ended, soon after. Without the kernel's log a death by SIGKILL (or a shell's
  // 137, which tells of one below it) is taken for one of those that were counted since the last question.
  bool ended(pid_t pid, const core::ExitStatus& status);

 private:
  void read_log();

  std::optional<std::uint64_t> counted_;
  std::uint64_t unexplained_ = 0;  // counted, and of nobody's yet
  Fd log_;                         // of the kernel; only where its pids are ours
  std::unordered_set<pid_t> named_;
};

// The pid in a line of the kernel's log such as "Out of memory: Killed process 4711 (node) total-vm:…".
std::optional<pid_t> pid_killed_for_memory(std::string_view line);

}  // namespace berth::os
