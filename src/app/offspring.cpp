#include "app/offspring.hpp"

#include <algorithm>
#include <utility>

#include "os/process.hpp"
#include "os/process_tree.hpp"

namespace berth::app {

std::vector<pid_t> Offspring::talked_to() const {
  std::vector<pid_t> pids;
  for (const pid_t owner : owners_) {
    for (const pid_t child : os::children_of(owner)) os::ProcessTree::add_descendants(child, pids);
  }
  std::erase_if(pids, [](pid_t pid) { return !os::is_talked_to(pid); });
  return pids;
}

void Offspring::remember(const std::vector<pid_t>& owners) {
  *this = {};
  owners_ = owners;
  for (const pid_t pid : talked_to()) {
    if (std::find(owners.begin(), owners.end(), pid) != owners.end()) continue;  // workers that share the listener
    if (const auto stat = os::stat_process(pid)) born_.push_back({pid, stat->start_ticks, os::describe_process(pid)});
  }
  many_ = born_.size();
}

std::string Offspring::look() {
  if (many_ == 0) return {};
  std::string gone;
  std::erase_if(born_, [&](const Process& process) {
    const auto stat = os::stat_process(process.pid);
    if (stat && stat->start_ticks == process.start_ticks && os::is_alive(*stat)) return false;
    gone += (gone.empty() ? "" : ", ") + process.name;
    return true;
  });
  if (gone.empty() && loss_.empty()) return {};
  if (talked_to().size() >= many_) {  // another has taken the place
    if (std::exchange(loss_, {}).empty()) return {};
    return "its child processes are complete again";
  }
  if (gone.empty()) return {};
  loss_ = "its child process " + gone + " has ended: what it served may be gone";
  return loss_ + ", while the port still answers; `berth restart` starts both anew";
}

}  // namespace berth::app
