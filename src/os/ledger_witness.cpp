#include "os/ledger_witness.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <csignal>

#include "os/clock.hpp"
#include "os/listeners.hpp"
#include "os/process.hpp"
#include "os/supervisor_mark.hpp"

namespace berth::os {

namespace {

std::uint64_t pid_namespace_of_this_process() {
  struct stat info {};
  return ::stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
}

bool exists(pid_t pid) {
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

}  // namespace

core::ProcessIdentity identity_of(pid_t pid) {
  static const std::string boot = this_boot();
  static const std::uint64_t pid_namespace = pid_namespace_of_this_process();
  const auto stat = stat_process(pid);
  return {pid, stat ? stat->start_ticks : 0, boot, pid_namespace};
}

core::ProcessIdentity identity_of_this_process() {
  static const auto identity = identity_of(::getpid());
  return identity.pid == ::getpid() ? identity : identity_of(::getpid());  // another one, after a fork
}

core::Life life_of(const LedgerEntry& entry) {
  using core::Life;
  const auto self = identity_of_this_process();
  if (!entry.boot_id.empty() && !self.boot_id.empty() && entry.boot_id != self.boot_id) return Life::gone;
  if (entry.pid_namespace != 0 && entry.pid_namespace != self.pid_namespace) return Life::unknown;
  if (entry.boot_id.empty() || entry.start_time == 0) return exists(entry.pid) ? Life::unknown : Life::absent;
  const auto stat = stat_process(entry.pid);
  if (!stat) return exists(entry.pid) ? Life::unknown : Life::gone;  // this user may not see it in /proc
  // Within a time namespace the kernel adds an offset before it rounds to ticks, and we take it away afterwards.
  const auto difference = static_cast<std::int64_t>(stat->start_ticks - entry.start_time);
  const bool same = difference >= -1 && difference <= 1;
  return same && is_alive(*stat) ? Life::alive : Life::gone;
}

namespace {

LedgerEntry entry_of(Port port, pid_t pid) {
  const auto identity = identity_of(pid);
  LedgerEntry entry;
  entry.port = port;
  entry.pid = pid;
  entry.start_time = identity.start_time;
  entry.boot_id = identity.boot_id;
  entry.pid_namespace = identity.pid_namespace;
  entry.created_at = entry.last_heartbeat = wall_ms();
  entry.server = environment_value(pid, "BERTH_SERVER").value_or("");
  entry.project = environment_value(pid, "BERTH_PROJECT").value_or("");
  entry.instance_id = environment_value(pid, "MCP_INSTANCE_ID").value_or(std::to_string(pid));
  const std::string supervisor = environment_value(pid, "BERTH_SUPERVISOR").value_or("");
  std::from_chars(supervisor.data(), supervisor.data() + supervisor.size(), entry.supervisor_pid);
  return entry;
}

}  // namespace

std::vector<LedgerEntry> entries_seen_on(const std::vector<Port>& ports) {
  std::vector<LedgerEntry> entries;
  PortHolders holders;  // one look at the machine for all of them
  for (const Port port : ports) {
    if (const auto pid = holders.process(port)) entries.push_back(entry_of(port, *pid));
  }
  return entries;
}

}  // namespace berth::os
