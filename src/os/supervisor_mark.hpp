#pragma once
// What tells the processes of one supervisor from all others on this machine, also when it is long gone: the brand that
// everything inherits from it, the entry in the environment that every child gets, and the times of their starts. A
// name or a bare pid means nothing here.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "os/brand.hpp"
#include "os/process.hpp"

namespace berth::os {

// /proc/sys/kernel/random/boot_id; empty when that cannot be read.
std::string this_boot();

struct SupervisorMark {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // as in /proc/PID/stat: since boot
  std::string boot;               // /proc/sys/kernel/random/boot_id; empty: not known, and then nothing bears the mark
  Brand brand = 0;

  static SupervisorMark of_this_process(Brand brand);

  // NAME=VALUE: what every child has in its environment.
  [[nodiscard]] std::string entry() const;
  // It was started by that supervisor, or by what that has started: in this boot, not before it, and with its brand or
  // its entry.
  [[nodiscard]] bool borne_by(const ProcessStat& process) const;

  // One line, and back. Nothing when it is none.
  [[nodiscard]] std::string text() const;
  static std::optional<SupervisorMark> from_text(std::string_view text);
};

// Kills what bears the mark or is in one of these sessions, until two rounds in a row have found nobody: a process that
// forks meanwhile is caught by the next round. Spares this process and its ancestors. Answers whom it has killed, as
// `COMMAND (pid N)`. Returns after five seconds at the latest.
std::vector<std::string> end_all_of(const SupervisorMark& mark, const std::unordered_set<pid_t>& sessions = {});

}  // namespace berth::os
