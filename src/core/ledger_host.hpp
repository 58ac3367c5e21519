#pragma once
// What the port ledger needs of a machine: locks that die with their holder, a file that is replaced as a whole, and
// what can be known of processes and ports. os/ledger_place.hpp has the real one; the simulation has another.

#include <berth/expected.hpp>
#include <berth/port_ledger.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/backoff.hpp"
#include "core/lease_rules.hpp"

namespace berth::core {

struct LedgerReading {
  Ledger ledger;                      // what could be understood
  std::optional<std::string> damage;  // what could not, in words; nothing: all is well
  bool exists = true;
};

using LedgerRead = Expected<LedgerReading, std::string>;

// A process, told from all others that ever were.
struct ProcessIdentity {
  int pid = 0;
  std::uint64_t start_time = 0;  // 0: not known
  std::string boot_id;
  std::uint64_t pid_namespace = 0;
};

class LedgerHost {
 public:
  enum class Lock { got, busy, broken };

  virtual ~LedgerHost() = default;

  // The kernel's lock of one port, held until `unlock_port`. Asking again for an own one gets it. `broken`: locks do
  // not work here.
  virtual Lock lock_port(Port port) = 0;
  virtual void unlock_port(Port port) = 0;
  virtual bool others_lock(Port port) = 0;
  virtual std::vector<Port> ports_others_lock() = 0;  // by number
  // The lock's file had vanished and was made anew: all own locks are to be asked for again. True once.
  virtual bool locks_were_lost() = 0;
  [[nodiscard]] virtual int lock_descriptor() const = 0;

  // From `enter` to `leave` nobody else writes. Waits for so long at most; `broken` with `why`.
  virtual Lock enter(std::chrono::milliseconds patience, std::string& why) = 0;
  virtual void leave() = 0;

  // Of the file as it is now; may be called at any time, and what it answers is good until the next time. The error: it
  // cannot be read, and not because of damage.
  virtual const LedgerRead& read() = 0;
  // Between `enter` and `leave`. `keep_old`: what stands there is damaged, and is kept under another name, which is the
  // answer (else it is empty). The error says what failed; then all is as before.
  virtual Expected<std::string, std::string> replace(const Ledger& ledger, bool keep_old) = 0;

  virtual Life life_of(const LedgerEntry& entry) = 0;
  virtual bool somebody_listens(Port port) = 0;
  // Who is on these ports, from what is alive; for entries that were lost.
  virtual std::vector<LedgerEntry> seen_on(const std::vector<Port>& ports) = 0;
  [[nodiscard]] virtual ProcessIdentity self() const = 0;
  virtual ProcessIdentity identity_of(int pid) = 0;
  [[nodiscard]] virtual std::string describe(int pid) const = 0;  // `COMMAND (pid N)`
  [[nodiscard]] virtual std::int64_t wall_ms() const = 0;         // Unix milliseconds
  [[nodiscard]] virtual Instant now() const = 0;                  // does not go on while the machine is suspended
};

}  // namespace berth::core
