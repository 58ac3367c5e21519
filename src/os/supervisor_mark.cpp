#include "os/supervisor_mark.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <sstream>

#include "os/read_file.hpp"

namespace berth::os {

namespace {

std::unordered_set<pid_t> this_process_and_its_ancestors() {
  std::unordered_set<pid_t> line;
  for (pid_t pid = ::getpid(); pid > 0 && line.insert(pid).second;) {
    const auto stat = stat_process(pid);
    pid = stat ? stat->parent : 0;
  }
  return line;
}

}  // namespace

std::string this_boot() {
  std::string boot = read_file("/proc/sys/kernel/random/boot_id").value_or("");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  return boot;
}

SupervisorMark SupervisorMark::of_this_process(Brand brand) {
  const auto stat = stat_process(::getpid());
  return {::getpid(), stat ? stat->start_ticks : 0, this_boot(), brand};
}

std::string SupervisorMark::entry() const {
  return "BERTH_SUPERVISOR=" + std::to_string(pid) + "." + std::to_string(start_ticks);
}

bool SupervisorMark::borne_by(const ProcessStat& process) const {
  if (boot.empty() || process.start_ticks < start_ticks) return false;
  return same_supervisor(brand_of(process.pid), brand) || has_environment(process.pid, entry());
}

std::string SupervisorMark::text() const {
  return std::to_string(pid) + " " + std::to_string(start_ticks) + " " + (boot.empty() ? "-" : boot) + " " +
         std::to_string(brand) + "\n";
}

std::optional<SupervisorMark> SupervisorMark::from_text(std::string_view text) {
  SupervisorMark mark;
  std::istringstream fields{std::string(text)};
  fields >> mark.pid >> mark.start_ticks >> mark.boot >> mark.brand;
  if (!fields || mark.pid <= 1) return std::nullopt;
  if (mark.boot != this_boot()) mark.boot.clear();  // its processes went with that boot
  return mark;
}

std::vector<std::string> end_all_of(const SupervisorMark& mark, const std::unordered_set<pid_t>& sessions) {
  const auto spared = this_process_and_its_ancestors();
  std::map<pid_t, std::string> ended;
  for (int rounds = 0, empty = 0; rounds < 500 && empty < 2; ++rounds) {
    bool found = false;
    for (const pid_t pid : all_processes()) {
      if (pid <= 1 || spared.contains(pid)) continue;
      const auto stat = stat_process(pid);
      if (!stat || !is_alive(*stat)) continue;
      if (!sessions.contains(stat->session) && !mark.borne_by(*stat)) continue;
      if (!ended.contains(pid)) ended.emplace(pid, describe_process(pid));
      ::kill(pid, SIGKILL);
      found = true;
    }
    empty = found ? 0 : empty + 1;
    if (empty < 2) ::poll(nullptr, 0, 10);  // the dead need a moment, and there is no event for strangers
  }
  std::vector<std::string> names;
  for (auto& [pid, name] : ended) names.push_back(std::move(name));
  return names;
}

}  // namespace berth::os
