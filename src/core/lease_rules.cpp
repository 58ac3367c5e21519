#include "core/lease_rules.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace berth::core {

std::string name_of(const LedgerEntry& entry) {
  return tame(entry.server.empty() ? entry.instance_id : entry.project + "." + entry.server);
}

LeaseVerdict judge(const LeaseEvidence& evidence) {
  if (evidence.locked || evidence.life == Life::alive) return LeaseVerdict::stands;
  if (evidence.life == Life::gone) return LeaseVerdict::over;
  const bool seen_silent = evidence.silence >= PortLedger::longest_silence;
  const bool said_silent = evidence.life == Life::absent && evidence.silence_by_clock >= PortLedger::longest_silence;
  return seen_silent || said_silent ? LeaseVerdict::over_if_silent_port : LeaseVerdict::stands;
}

Milliseconds SilenceWatch::look(const LedgerEntry& entry, Instant now) {
  const auto [place, is_new] = seen_.try_emplace({entry.port, entry.instance_id});
  Seen& seen = place->second;
  if (is_new || seen.heartbeat != entry.last_heartbeat) {
    seen = {entry.last_heartbeat, now, Instant::duration{0}};
  } else {
    seen.silence += std::min<Instant::duration>(now - seen.at, longest_look);
    seen.at = now;
  }
  return std::chrono::duration_cast<Milliseconds>(seen.silence);
}

void SilenceWatch::forget_before(Instant time) {
  std::erase_if(seen_, [time](const auto& entry) { return entry.second.at < time; });
}

}  // namespace berth::core
