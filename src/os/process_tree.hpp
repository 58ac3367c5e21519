#pragma once
// Which processes belong to one server. Four signs, any of which is enough: descent from the leader, the leader's
// session or group, the brand, and the marker in the environment. Berth is a subreaper, so a process whose parents have
// died becomes its child and stays in sight, whatever it did with its session or its group.

#include <sys/types.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "os/brand.hpp"
#include "os/process.hpp"

namespace berth::os {

// One server's sign. `marker` is an environment entry that only this run has (NAME=VALUE).
struct TreeSign {
  pid_t leader = 0;
  Brand brand = 0;
  std::string marker;

  [[nodiscard]] bool borne_by(const ProcessStat& process) const;
};

struct ProcessTree {
  // Living members only, the leader first when it lives; zombies are not members. `orphans`: as below.
  static std::vector<pid_t> members(const TreeSign& sign, bool leader_lives, const std::vector<pid_t>& orphans);

  // Children of this process that are neither in `leaders` nor zombies: adopted orphans, whoever's they are. `leaders`:
  // the living leaders of all servers, and what else this process has started on purpose.
  static std::vector<pid_t> orphans(const std::unordered_set<pid_t>& leaders);

  // `root` and everything that descends from it.
  static void add_descendants(pid_t root, std::vector<pid_t>& pids);
};

struct TreeUsage {
  double cpu_s = 0;                // of the living processes
  std::uint64_t memory_bytes = 0;  // resident
  unsigned processes = 0;
};
TreeUsage usage_of(const std::vector<pid_t>& pids);

// The inodes of all sockets that these processes have open.
std::unordered_set<std::uint32_t> socket_inodes(const std::vector<pid_t>& pids);

}  // namespace berth::os
