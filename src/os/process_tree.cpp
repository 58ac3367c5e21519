#include "os/process_tree.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

namespace berth::os {

namespace {

bool alive(pid_t pid) {
  const auto stat = stat_process(pid);
  return stat && stat->state != 'Z' && stat->state != 'X';
}

}  // namespace

bool TreeSign::borne_by(const ProcessStat& process) const {
  return process.session == leader || process.group == leader || (brand != 0 && brand_of(process.pid) == brand) ||
         has_environment(process.pid, marker);
}

void ProcessTree::add_descendants(pid_t root, std::vector<pid_t>& pids) {
  if (!alive(root)) return;
  pids.push_back(root);
  for (const pid_t child : children_of(root)) add_descendants(child, pids);
}

std::vector<pid_t> ProcessTree::orphans(const std::unordered_set<pid_t>& leaders) {
  std::vector<pid_t> found = children_of(::getpid());
  std::erase_if(found, [&](pid_t pid) { return leaders.contains(pid) || !alive(pid); });
  return found;
}

std::vector<pid_t> ProcessTree::members(const TreeSign& sign, bool leader_lives, const std::vector<pid_t>& orphans) {
  std::vector<pid_t> pids;
  if (leader_lives) add_descendants(sign.leader, pids);
  for (const pid_t orphan : orphans) {
    const auto stat = stat_process(orphan);
    if (stat && sign.borne_by(*stat)) add_descendants(orphan, pids);
  }
  return pids;
}

TreeUsage usage_of(const std::vector<pid_t>& pids) {
  static const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  TreeUsage usage;
  for (const pid_t pid : pids) {
    const auto stat = stat_process(pid);
    if (!stat) continue;
    usage.cpu_s += static_cast<double>(stat->cpu_ticks) / tick;
    usage.memory_bytes += stat->resident_pages * page;
    ++usage.processes;
  }
  return usage;
}

std::unordered_set<std::uint32_t> socket_inodes(const std::vector<pid_t>& pids) {
  std::unordered_set<std::uint32_t> inodes;
  char target[64];
  for (const pid_t pid : pids) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
    if (!dir) continue;
    while (const dirent* entry = ::readdir(dir.get())) {
      const ssize_t size = ::readlinkat(::dirfd(dir.get()), entry->d_name, target, sizeof(target));
      if (size <= 0) continue;
      std::string_view link(target, static_cast<std::size_t>(size));
      if (!link.starts_with("socket:[")) continue;
      link.remove_prefix(8);
      std::uint32_t inode = 0;
      if (std::from_chars(link.data(), link.data() + link.size(), inode).ec == std::errc{}) inodes.insert(inode);
    }
  }
  return inodes;
}

}  // namespace berth::os
