#pragma once
// The machine under a port ledger, as far as its host shows it: processes whose pids come again, locks that belong to
// open files, one file of entries, listeners, and clocks. Nothing happens here by itself.

#include <berth/port_ledger.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/ledger_host.hpp"

namespace berth::sim {

// What came before what; unlike a time it is never the same twice.
using Step = std::uint64_t;

struct SimProcess {
  int pid = 0;
  std::uint64_t pid_namespace = 0;
  std::uint64_t start_time = 0;  // in ticks
  std::string boot;
  unsigned life = 0;  // the life of the Berth or foreigner that it is, or whose server it is; 0: nobody's
  Step born = 0;
  Step died = 0;
  std::uint64_t died_at = 0;  // in ticks
  bool alive = true;
  bool reaped = true;  // false: its pid is taken until its Berth has heard of its end
  // What its environment says.
  std::string server;
  std::string project;
  std::string instance_id;
  int supervisor_pid = 0;
};

class LedgerMachine {
 public:
  LedgerMachine(bool lowest_pid, std::int64_t wall_ms) : lowest_pid_(lowest_pid), wall_ms_(wall_ms) {}

  Step next_step() { return ++step_; }
  [[nodiscard]] Step step() const { return step_; }

  // ---- clocks
  Milliseconds time{0};  // stands still while the machine sleeps
  [[nodiscard]] std::int64_t wall_ms() const { return wall_ms_ + time.count(); }
  void pause(Milliseconds by) {
    time += by;
    paused_ += by;
    ++pauses_;
  }
  void set_clock_by(Milliseconds by) { wall_ms_ += by.count(); }
  [[nodiscard]] core::Instant now() const { return core::Instant{std::chrono::hours(1)} + time; }

  // ---- processes
  SimProcess& begin_process(std::uint64_t pid_namespace, unsigned life);
  void end_process(SimProcess& process);
  // Alive, or a zombie.
  [[nodiscard]] SimProcess* there(std::uint64_t pid_namespace, int pid) const;
  [[nodiscard]] SimProcess* living(std::uint64_t pid_namespace, int pid) const;
  // The very process that an entry names; also when it has ended, but not when it never was.
  [[nodiscard]] SimProcess* named_by(const LedgerEntry& entry) const;
  [[nodiscard]] const std::vector<std::unique_ptr<SimProcess>>& processes() const { return processes_; }
  void boot_anew();
  [[nodiscard]] const std::string& boot() const { return boot_; }

  // ---- listeners
  struct Listener {
    SimProcess* process = nullptr;
    Step since = 0;
  };
  std::map<Port, Listener> listeners;
  void listen(Port port, SimProcess& process) { listeners.try_emplace(port, Listener{&process, next_step()}); }
  bool listens(Port port, const SimProcess& process) const {
    const auto listener = listeners.find(port);
    return listener != listeners.end() && listener->second.process == &process;
  }

  // ---- locks: a byte of a file, by an open description
  struct ByteLock {
    unsigned description = 0;
    Step since = 0;
  };
  static constexpr Port writer = 0;
  unsigned lock_file = 1;  // 0: it was removed
  unsigned make_lock_file() { return lock_file = ++lock_files_; }
  bool lock(unsigned of_file, Port byte, unsigned description);
  void unlock(unsigned of_file, Port byte, unsigned description);
  void close(unsigned description);
  [[nodiscard]] const ByteLock* lock_on(unsigned of_file, Port byte) const;
  [[nodiscard]] const ByteLock* others_lock(unsigned of_file, Port byte, unsigned description) const;
  [[nodiscard]] std::vector<Port> ports_locked(unsigned of_file, unsigned description, bool by_others) const;
  // When the last lock of that byte ended; 0: there was none.
  [[nodiscard]] Step unlocked_at(unsigned of_file, Port byte) const;

  // ---- the other lock: a file made with O_EXCL
  struct Announced {
    unsigned life = 0;  // of its maker; 0: there is no such file
    int pid = 0;
    std::uint64_t pid_namespace = 0;
    Milliseconds since{0};
  };
  Announced announced;

  // ---- the ledger's file, as whoever reads it understands it
  struct File {
    Ledger ledger;
    std::optional<std::string> damage;
    bool exists = false;
    Step written = 0;            // by somebody who writes as one should
    unsigned written_under = 0;  // the lock file that he had; 0: none
  };
  File file;
  void write_file(Ledger ledger, unsigned under);
  // For how long somebody can have seen this heartbeat in the file, at most; none: it never stood there. A pause of the
  // machine was seen by nobody, and counts as one long look.
  [[nodiscard]] std::optional<Milliseconds> age_of(const LedgerEntry& entry) const;

  Milliseconds disk_full_until{0};
  Milliseconds unreadable_until{0};

 private:
  [[nodiscard]] int free_pid(std::uint64_t pid_namespace);
  [[nodiscard]] std::uint64_t ticks() const;

  bool lowest_pid_;
  std::int64_t wall_ms_;
  Milliseconds paused_{0};
  int pauses_ = 0;
  Step step_ = 0;
  unsigned boots_ = 1;
  std::string boot_ = "boot-1";
  std::vector<std::unique_ptr<SimProcess>> processes_;
  std::map<std::pair<std::uint64_t, int>, SimProcess*> by_pid_;  // the last one that had it
  std::map<std::tuple<std::string, std::uint64_t, int, std::uint64_t>, SimProcess*> ever_;
  std::map<std::uint64_t, int> last_pid_;
  std::map<std::pair<unsigned, Port>, ByteLock> locks_;
  std::map<std::pair<unsigned, Port>, Step> unlocked_;
  unsigned lock_files_ = 1;
  struct Beat {
    std::int64_t heartbeat = 0;
    Milliseconds at{0};  // without pauses
    int pauses = 0;      // until then
  };
  std::map<std::pair<Port, std::string>, Beat> beats_;
};

}  // namespace berth::sim
