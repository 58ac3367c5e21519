#pragma once
// A control group (version 2, cgroups(7)) for each run of a server, where this process may make one: it holds the whole
// tree, whatever that does, and the kernel ends all of it at one word (cgroup.kill, since Linux 5.14). Nothing depends
// on it: the other signs of a tree (process_tree.hpp) are there always. To make and to remove one takes longer than all
// else that a launch and an end take together, so that by default only those have one who need it.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

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
  // Its folder, for a child that is to be born in it (os/vfork_child.hpp).
  [[nodiscard]] Fd entrance() const;
  // Living ones only; empty when there is no group.
  [[nodiscard]] std::vector<pid_t> members() const;
  // SIGKILL to all members at once. False where the kernel cannot.
  bool kill() const;

 private:
  void remove();
  std::string folder_;
};

// What the names of the groups of runs begin with.
inline constexpr const char* run_group_prefix = "berth-";

// The place below which groups can be made: the group of this process, when it is delegated to it (systemd's
// `Delegate=` says so in an extended attribute) or is the root of a container's hierarchy. BERTH_CGROUPS in the
// environment: `off`, there is none; `on`, every run is to have a group.
class CgroupPlace {
 public:
  static CgroupPlace find();

  [[nodiscard]] bool usable() const { return !folder_.empty(); }
  [[nodiscard]] bool for_every_run() const { return usable() && for_every_run_; }
  // An empty group of this name below the place; none when that fails.
  [[nodiscard]] Cgroup make(const std::string& name) const;
  // Removes empty groups that earlier ones have left: those whose name begins so.
  void tidy(const std::string& prefix) const;

 private:
  std::string folder_;
  bool for_every_run_ = false;
};

}  // namespace berth::os
