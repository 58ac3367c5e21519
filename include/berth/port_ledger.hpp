#pragma once
// Which ports of this host are leased to whom: one file that all supervisors of a user share, and that other programs
// may read and write as well.
//
// Exclusive is a lease by a lock of the kernel (an open file description's, of the byte with the port's number), which
// ends with its holder, whatever that died of; nothing is ever stolen. The file tells others who is where:
// `{ "instances": [ { "port", "instanceId", "pid", "createdAt", "lastHeartbeat", … } ] }`. It is replaced as a whole,
// so that a reader needs no lock and never sees half of it.
//
// Not safe for use from several threads at once.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace berth {

namespace core {
class LedgerHost;
class SilenceWatch;
}  // namespace core

// One lease, as the file has it.
struct LedgerEntry {
  Port port = 0;
  std::string instance_id;          // MCP_INSTANCE_ID of the process
  int pid = 0;                      // of the server; of its supervisor while it has none
  std::int64_t created_at = 0;      // Unix milliseconds
  std::int64_t last_heartbeat = 0;  // likewise

  // What Berth adds. Empty or 0: not known, as in an entry that another program made.
  std::string server;
  std::string project;
  std::string url;
  std::string state;  // as in the status document
  int supervisor_pid = 0;
  std::uint64_t start_time = 0;     // of `pid`: clock ticks since boot, as in /proc/PID/stat (proc(5))
  std::string boot_id;              // /proc/sys/kernel/random/boot_id
  std::uint64_t pid_namespace = 0;  // in which `pid` is one: the inode of /proc/self/ns/pid

  std::string others;  // what others have added: the text of a JSON object; empty: nothing

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

struct Ledger {
  std::vector<LedgerEntry> entries;  // by port; no port twice
  std::string others;                // fields beside `instances`, likewise

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

struct LeaseRefused {
  std::string holder;    // `COMMAND (pid N)`; empty: not known
  std::string message;   // whose the port is
  bool passing = false;  // it seems to be left behind: without a sign of life it will be free within about a minute
};

class PortLedger {
 public:
  // How often a supervisor says that it is there, and for how long one that cannot be seen may be silent.
  static constexpr std::chrono::seconds heartbeat_interval{30};
  static constexpr std::chrono::seconds longest_silence{60};

  struct Options {
    std::string file;     // `RUNTIME/ports.json`, say; its folder has to exist
    std::string project;  // whose leases these will be
    // Programs that know nothing of the kernel's locks write it too. They announce it by making FILE.lock with O_EXCL,
    // and so does this one then.
    bool shared = false;
    std::function<void(const std::string&)> log = {};   // of who was evicted
    std::function<void(const std::string&)> warn = {};  // of what was damaged; goes to `log` when there is none
  };

  // What others are told of a lease.
  struct Instance {
    std::string instance_id;
    int pid = 0;  // 0: no process at the moment
    std::int64_t created_at = 0;
    std::string server;
    std::string url;
    std::string state;
  };

  enum class Written {
    yes,
    nothing_new,
    busy,   // somebody else is writing; try again
    failed  // see trouble()
  };

  // The error says what is wrong with the place: no such folder, not private, no locks …
  static Expected<PortLedger, std::string> open(Options options);
  PortLedger(std::unique_ptr<core::LedgerHost> host, Options options);  // on another host than this machine
  PortLedger(PortLedger&&) noexcept;
  // What is leased is free for others then; the entries stay until somebody evicts them, unless `release` and `write`
  // were called first.
  ~PortLedger();

  // Makes the port ours. Refused when somebody else has leased it, or is registered there and not provably gone. A
  // shared file is written at once, which may wait for others for a fifth of a second.
  Expected<Port, LeaseRefused> lease(Port port);
  void tell(Port port, const Instance& instance);
  // The lease ends when that has been written.
  void release(Port port);
  [[nodiscard]] bool has(Port port) const;
  // In a shared file: when ours was to be written, somebody else stood there, who knows nothing of the kernel's locks.
  // It is ours among supervisors, and not among all.
  [[nodiscard]] bool contested(Port port) const;

  // A heartbeat is due: all own entries are to be written anew.
  void beat() { due_ = due_ || !leases_.empty(); }
  // Something is to be written.
  [[nodiscard]] bool due() const { return due_; }

  // Brings the file up to date in one replacement: own entries are put there, also where they were lost; entries of
  // those that are gone are evicted; all else stays as it is. What is damaged is kept under another name, and rebuilt
  // from what is alive. Waits for another writer for so long, at most.
  Written write(std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  // Evicts those that are gone. Writes nothing when there are none.
  Written tidy(std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  // All live instances, by port: the file, less those that are gone, with what is yet to be written of the own ones.
  [[nodiscard]] std::vector<LedgerEntry> active();
  // Whose a port is: project and server, and `COMMAND (pid N)`; empty when it is in no entry, or nothing was told yet.
  [[nodiscard]] std::string holder(Port port);

  // To be shared with a process that outlives this one and has to keep its leases (fork(2)); -1: none.
  [[nodiscard]] int descriptor() const;
  // The folder or the lock's file had been removed and are back: nobody else shares the new descriptor yet. True once.
  bool descriptor_changed();

 private:
  struct Lease {
    LedgerEntry entry;       // without a port: nothing was told yet
    std::string written_id;  // instance_id of the entry that stands in the file
    bool written = false;
    bool released = false;
    bool contested = false;  // somebody else stands there, who was first
    bool contest_told = false;
    bool locked = true;        // false: somebody else has got the kernel's lock after the lock file was removed
    LedgerEntry successor_of;  // what stood there, and was found over, when the port was leased
  };
  bool of_this_process(const LedgerEntry& entry) const;
  bool as_written(const LedgerEntry& entry) const;
  bool mine(const LedgerEntry& entry) const;
  bool left_over(const LedgerEntry& entry) const;
  bool is_over(const LedgerEntry& entry);
  std::string name_of(const LedgerEntry& entry) const;
  LeaseRefused refusal(Port port, const LedgerEntry* entry);
  LedgerEntry own_entry(Port port, const Lease& lease) const;
  void renew_locks();
  void add_own(Ledger& ledger);
  Written bring_up_to_date(std::chrono::milliseconds patience, bool even_if_nothing_new);
  void rebuild(Ledger& ledger);
  void forget_released();
  void log(const std::string& line) const;
  void warn(const std::string& line) const;

  std::unique_ptr<core::LedgerHost> host_;
  Options options_;
  std::map<Port, Lease> leases_;
  std::map<Port, std::string> left_;  // instance ids of entries that could not be taken away
  std::unique_ptr<core::SilenceWatch> silence_;
  bool due_ = false;
  bool writers_lock_is_stuck_ = false;
  bool descriptor_changed_ = false;
  std::string trouble_;
};

// The live instances in such a file, for programs that only want to know. One that does not exist is an empty ledger,
// and is not made. Those that are gone are evicted when nobody is in the way. `shared`: as in PortLedger::Options.
Expected<std::vector<LedgerEntry>, std::string> active_instances(const std::string& file, bool shared = false);

}  // namespace berth
