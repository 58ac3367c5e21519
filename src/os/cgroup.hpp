#pragma once
// A control group (version 2, cgroups(7)) for each run of a server, where this process may make one: it holds the whole
// tree, whatever that does, and the kernel ends all of it at one word (cgroup.kill, since Linux 5.14). Nothing depends
// on it: the other signs of a tree (process_tree.hpp) are there always. To make and to remove one takes longer than all
// else that a launch and an end take together, so that by default only those have one who need it.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/limits.hpp"
#include "os/fd.hpp"

namespace berth::os {

// Of one run. Removed with the object; what still lives in it then moves nowhere, and its folder stays.
class Cgroup {
 public:
  Cgroup() = default;
  explicit Cgroup(std::string folder);
  ~Cgroup();
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&& other) noexcept;

  explicit operator bool() const { return !folder_.empty(); }
  // Its folder, for a child that is to be born in it (os/clone_vfork.hpp).
  [[nodiscard]] Fd entrance() const;
  // Living ones only; empty when there is no group.
  [[nodiscard]] std::vector<pid_t> members() const;
  // SIGKILL to all members at once. False where the kernel cannot.
  bool kill() const;

  // Limits of all members together. False when they do not hold then: its place has to provide the controller.
  // Memory is limited with no swap beside it, and when there is no more, all members are ended, not one of them: half a
  // server is none.
  bool limit_memory(std::uint64_t bytes) const;
  bool limit_processes(unsigned most) const;
  // Of these limits, since the group was made. Zeros when there is no group.
  [[nodiscard]] core::GroupCounts counts() const;

 private:
  void remove();
  std::string folder_;
};

// What the names of the groups of runs begin with.
inline constexpr const char* run_group_prefix = "berth-";
// Where this process itself moves to, when groups beside it are to be limited.
inline constexpr const char* own_group = "berth-supervisor";

// The place below which groups can be made: the group of this process, when it is delegated to it (systemd's
// `Delegate=` says so in an extended attribute) or is the root of a container's hierarchy. BERTH_CGROUPS in the
// environment: `off`, there is none; `on`, every run is to have a group; `delegated`, it is, though nothing marks it
// (the systemd of a user marks none). The last is taken out of the environment.
class CgroupPlace {
 public:
  static CgroupPlace find();
  // In this folder, whatever it is.
  static CgroupPlace at(std::string folder);

  [[nodiscard]] bool usable() const { return !folder_.empty(); }
  [[nodiscard]] bool for_every_run() const { return usable() && for_every_run_; }
  // An empty group of this name below the place; none when that fails.
  [[nodiscard]] Cgroup make(const std::string& name) const;
  // Can groups made from now on be limited by this controller ("memory", "pids")? The kernel wants no process in a
  // group whose groups are limited ("no internal processes"): when Berth's own and those of its servers are the only
  // ones there, they move to a group of their own, else it is no. The answer is remembered. Asked before servers run it
  // has the fewest to move.
  bool provides(const std::string& controller);
  // Removes empty groups that earlier ones have left: those whose name begins so.
  void tidy(const std::string& prefix) const;

 private:
  [[nodiscard]] bool provide(const std::string& controller) const;
  [[nodiscard]] bool move_out() const;
  std::string folder_;
  bool for_every_run_ = false;
  std::map<std::string, bool> provided_;
};

}  // namespace berth::os
