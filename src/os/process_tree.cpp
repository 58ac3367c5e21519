#include "os/process_tree.hpp"

#include <dirent.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

namespace berth::os {

namespace {

bool alive(pid_t pid) {
  const auto stat = stat_process(pid);
  return stat && is_alive(*stat);
}

}  // namespace

bool Orphan::bears(const TreeSign& sign) const {
  if (stat.session == sign.leader || stat.group == sign.leader) return true;
  // A brand of this supervisor settles it; the environment is read only where there is none.
  if (same_supervisor(brand, sign.brand)) return brand == sign.brand;
  return has_environment(stat.pid, sign.marker);
}

void ProcessTree::add_descendants(pid_t root, std::vector<pid_t>& pids) {
  if (!alive(root)) return;
  pids.push_back(root);
  for (const pid_t child : children_of(root)) add_descendants(child, pids);
}

Orphans ProcessTree::orphans(const std::unordered_set<pid_t>& leaders) {
  Orphans found;
  for (const pid_t pid : children_of(::getpid())) {
    if (leaders.contains(pid)) continue;
    const auto stat = stat_process(pid);
    if (stat && is_alive(*stat)) found.push_back({*stat, brand_of(pid)});
  }
  return found;
}

std::vector<pid_t> ProcessTree::members(const TreeSign& sign, bool leader_lives, const Orphans& orphans) {
  std::vector<pid_t> pids;
  if (leader_lives) add_descendants(sign.leader, pids);
  for (const Orphan& orphan : orphans) {
    if (orphan.bears(sign)) add_descendants(orphan.stat.pid, pids);
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
    usage.ended_cpu_s += static_cast<double>(stat->waited_ticks) / tick;
    usage.memory_bytes += stat->resident_pages * page;
    ++usage.processes;
  }
  return usage;
}

namespace {

enum class Seen { nothing, something, hidden };

Seen read_descriptors(const std::string& of, OpenSockets& open) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir((of + "/fd").c_str()), &::closedir);
  if (!dir) return errno == EACCES ? Seen::hidden : Seen::nothing;
  Seen seen = Seen::nothing;
  char target[64];
  while (const dirent* entry = ::readdir(dir.get())) {
    const ssize_t size = ::readlinkat(::dirfd(dir.get()), entry->d_name, target, sizeof(target));
    if (size < 0 && errno == EACCES) return Seen::hidden;  // root without CAP_SYS_PTRACE, of another user's
    if (size <= 0) continue;
    seen = Seen::something;
    std::string_view link(target, static_cast<std::size_t>(size));
    if (!link.starts_with("socket:[")) continue;
    link.remove_prefix(8);
    std::uint32_t inode = 0;
    if (std::from_chars(link.data(), link.data() + link.size(), inode).ec == std::errc{}) open.inodes.insert(inode);
  }
  return seen;
}

}  // namespace

OpenSockets open_sockets(const std::vector<pid_t>& pids) {
  OpenSockets open;
  for (const pid_t pid : pids) {
    const std::string process = "/proc/" + std::to_string(pid);
    Seen seen = read_descriptors(process, open);
    if (seen == Seen::nothing) {  // its first thread has ended and has none; the others share theirs
      for (const pid_t thread : threads_of(pid)) {
        seen = read_descriptors(process + "/task/" + std::to_string(thread), open);
        if (seen != Seen::nothing) break;
      }
    }
    if (seen != Seen::hidden) continue;
    if (const auto user = user_of(pid)) open.hidden_users.insert(*user);
  }
  return open;
}

}  // namespace berth::os
