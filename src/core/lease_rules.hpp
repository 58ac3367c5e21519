#pragma once
// Entries of the port ledger: what they are called, and when they are over. Pure: what is known comes in, the verdict
// goes out.

#include <berth/port_ledger.hpp>
#include <map>
#include <string>
#include <utility>

#include "core/backoff.hpp"

namespace berth::core {

// `PROJECT.SERVER`, or the instance id that another program has given; fit to be shown.
std::string name_of(const LedgerEntry& entry);

// What the machine says of the process that an entry names.
enum class Life {
  alive,   // the very process is there
  gone,    // provably not: another boot, another process under its pid, or none where it would have to be
  absent,  // no process here has that pid, and the entry does not say more
  unknown  // it cannot be told: another pid namespace, or only a bare pid that somebody has
};

struct LeaseEvidence {
  bool locked = false;  // somebody holds the kernel's lock of the port
  Life life = Life::unknown;
  Milliseconds silence{0};           // without a new heartbeat, as this process has seen it
  Milliseconds silence_by_clock{0};  // the wall clock less the last heartbeat; negative: from the future
};

enum class LeaseVerdict {
  stands,
  over,
  over_if_silent_port  // provided that nobody listens on it
};

// Neither a suspended machine nor a clock that was set can end a lease: for that its process has to be gone, or this
// one has to have seen it silent for PortLedger::longest_silence. What the clock says counts only against an entry
// whose process is not to be found.
LeaseVerdict judge(const LeaseEvidence& evidence);

// For how long entries have been silent, by what was seen of them. No look counts for more than a bit over one
// heartbeat: whoever sees a file for the first time in an hour has not seen an hour of silence.
class SilenceWatch {
 public:
  static constexpr Milliseconds longest_look{40'000};

  Milliseconds look(const LedgerEntry& entry, Instant now);
  // Forgets what was not looked at since `time`.
  void forget_before(Instant time);

 private:
  struct Seen {
    std::int64_t heartbeat = 0;
    Instant at{};
    Instant::duration silence{0};
  };
  std::map<std::pair<Port, std::string>, Seen> seen_;
};

}  // namespace berth::core
