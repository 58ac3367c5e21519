// What a server may take of the machine: set before it is launched, looked at when it has ended.

#include <unistd.h>

#include "app/server.hpp"

namespace berth::app {

// By the control group where that can be, which is the whole server; by each process where not.
Expected<LimitMeans, std::string> Server::limit(const os::Cgroup& group, os::LaunchRequest& request) {
  const LimitsConfig& limits = config_->limits;
  LimitMeans means{.launched = true, .as_root = ::geteuid() == 0};
  os::Limits& set = request.limits;
  if (limits.memory) {
    means.memory_by_group = group && harbour_.cgroups.provides("memory") && group.limit_memory(*limits.memory);
    if (!means.memory_by_group) set.data = *limits.memory;
  }
  if (limits.processes) {
    means.processes_by_group = group && harbour_.cgroups.provides("pids") && group.limit_processes(*limits.processes);
    if (!means.processes_by_group) set.processes = *limits.processes;
  }
  request.cgroup_must = means.memory_by_group || means.processes_by_group;
  if (limits.open_files) set.open_files = *limits.open_files;
  set.nice = limits.nice;
  set.no_new_privs = limits.no_new_privs;
  if (!limits.user.empty() || !limits.group.empty()) {
    auto account = os::find_account(limits.user, limits.group);
    if (!account) return Unexpected<std::string>(std::move(account.error()));
    means.as_root = account->uid == 0;
    if (!os::is_own(*account)) set.account = std::move(*account);
  }
  return means;
}

void Server::tell_weakness(const LimitMeans& means) {
  std::string text = weakness_of_limits(config_->limits, means);
  if (text == told_weakness_) return;
  told_weakness_ = std::move(text);
  if (!told_weakness_.empty()) harbour_.warn(config_->name + ": " + told_weakness_);
}

std::optional<core::LimitVerdict> Server::limit_reached(const core::ExitStatus& status) const {
  return core::limit_reached({.ended = status,
                              .limits = run_->limits,
                              .memory_by_group = run_->limit_means.memory_by_group,
                              .processes_by_group = run_->limit_means.processes_by_group,
                              .group = run_->cgroup.counts(),
                              .words = run_->limit_words});
}

std::vector<std::string> Server::limits_in_words() const {
  if (!run_) return limit_words(config_->limits, {}, {});
  return limit_words(run_->limits, run_->limit_means, run_->cgroup.counts());
}

}  // namespace berth::app
