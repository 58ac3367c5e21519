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
};

// A child of this process that it has not started: adopted, because whoever started it has died.
struct Orphan {
  ProcessStat stat;
  Brand brand = 0;

  [[nodiscard]] bool bears(const TreeSign& sign) const;
};
using Orphans = std::vector<Orphan>;

struct ProcessTree {
  // Living members only, the leader first when it lives; zombies are not members. `orphans`: as below.
  static std::vector<pid_t> members(const TreeSign& sign, bool leader_lives, const Orphans& orphans);

  // Children of this process that are neither in `leaders` nor zombies, whoever's they are. `leaders`: the living
  // leaders of all servers, and what else this process has started on purpose.
  static Orphans orphans(const std::unordered_set<pid_t>& leaders);

  // `root` and everything that descends from it.
  static void add_descendants(pid_t root, std::vector<pid_t>& pids);
};

struct TreeUsage {
  double cpu_s = 0;                // of the living processes
  double ended_cpu_s = 0;          // of those that had ended and that one of these has waited for
  std::uint64_t memory_bytes = 0;  // resident
  unsigned processes = 0;
};
TreeUsage usage_of(const std::vector<pid_t>& pids);

// The sockets that some processes have open.
struct OpenSockets {
  std::unordered_set<std::uint32_t> inodes;
  // The users of those processes into whose descriptors this one may not look (not dumpable, see ptrace(2)).
  std::unordered_set<uid_t> hidden_users;
};
OpenSockets open_sockets(const std::vector<pid_t>& pids);

}  // namespace berth::os
