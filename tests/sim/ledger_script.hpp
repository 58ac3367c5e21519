#pragma once
// What is settled before many Berths meet at one ledger: how many, where, and what befalls them, and when. Happenings
// and Berths can be left out without changing the rest.

#include <berth/config.hpp>
#include <set>
#include <string>
#include <vector>

#include "sim/dice.hpp"

namespace berth::sim {

enum class LedgerDeed {
  berth_begins,
  berth_goes_down,
  berth_is_killed,   // at one of its next calls of the host
  berth_is_stopped,  // likewise, and goes on later
  server_starts,
  server_stops,
  server_ends,
  berth_tidies,
  berth_looks,
  clock_is_set,
  machine_sleeps,
  machine_is_paused,  // and its steady clock is not, as under a hypervisor
  machine_boots,
  file_is_damaged,
  entry_is_lost,
  entry_is_annotated,
  lock_file_is_removed,
  disk_is_full,
  file_is_unreadable,
  foreigner_begins,
  foreigner_registers,
  foreigner_leaves_port,
  foreigner_is_killed,
  foreigner_is_stopped,
  stranger_begins,  // a process that takes a pid
  stranger_listens
};

struct LedgerHappening {
  Milliseconds at{0};
  LedgerDeed deed = LedgerDeed::berth_begins;
  std::uint32_t who = 0;  // a Berth, a foreigner, a port's place in the range
  std::uint32_t how = 0;
  std::uint32_t more = 0;
};

struct LedgerScript {
  std::uint64_t seed = 0;
  unsigned berths = 2;
  unsigned foreigners = 0;  // programs with five fields, who know nothing of the kernel's locks
  bool shared = false;
  bool sockets = true;      // all are in one network, so that a bound port cannot be bound again
  bool lowest_pid = false;  // the next process gets the lowest free one, else the next in a small ring
  bool containers = false;  // some have pids of their own
  bool ends_in_order = true;
  Port first = 8765;
  unsigned ports = 6;
  std::vector<LedgerHappening> happenings;  // by time

  std::set<unsigned> absent;  // Berths that never begin

  [[nodiscard]] PortRange range() const { return {first, static_cast<Port>(first + ports - 1)}; }
  [[nodiscard]] std::uint64_t pid_namespace(unsigned berth) const;
};

LedgerScript write_ledger_script(std::uint64_t seed);

// The same, with as much left out as still breaks this law.
LedgerScript shortest(LedgerScript script, const std::string& law);

}  // namespace berth::sim
