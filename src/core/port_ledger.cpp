#include <berth/port_ledger.hpp>

#include <algorithm>
#include <utility>

#include "core/lease_rules.hpp"
#include "core/ledger_host.hpp"

namespace berth {

namespace {

using Lock = core::LedgerHost::Lock;

// A claim in a shared file is worth nothing before it is written, and a server waits for it.
constexpr std::chrono::milliseconds patience_of_a_claim{200};

// Leaves on every way out.
class Entered {
 public:
  Entered(core::LedgerHost& host, std::chrono::milliseconds patience, std::string& why)
      : host_(host), lock_(host.enter(patience, why)) {}
  ~Entered() {
    if (lock_ == Lock::got) host_.leave();
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  [[nodiscard]] Lock lock() const { return lock_; }

 private:
  core::LedgerHost& host_;
  Lock lock_;
};

const LedgerEntry* find(const Ledger& ledger, Port port) {
  const auto at = std::lower_bound(ledger.entries.begin(), ledger.entries.end(), port,
                                   [](const LedgerEntry& entry, Port wanted) { return entry.port < wanted; });
  return at != ledger.entries.end() && at->port == port ? &*at : nullptr;
}

// In place of what stands on the same port.
void put(Ledger& ledger, LedgerEntry entry) {
  const auto at = std::lower_bound(ledger.entries.begin(), ledger.entries.end(), entry.port,
                                   [](const LedgerEntry& other, Port port) { return other.port < port; });
  if (at != ledger.entries.end() && at->port == entry.port) {
    *at = std::move(entry);
  } else {
    ledger.entries.insert(at, std::move(entry));
  }
}

}  // namespace

PortLedger::PortLedger(std::unique_ptr<core::LedgerHost> host, Options options)
    : host_(std::move(host)), options_(std::move(options)), silence_(std::make_unique<core::SilenceWatch>()) {}
PortLedger::PortLedger(PortLedger&&) noexcept = default;
PortLedger::~PortLedger() = default;

void PortLedger::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

void PortLedger::warn(const std::string& line) const {
  options_.warn ? options_.warn(line) : log(line);
}

// ---- whose an entry is
// ------------------------------------------------------------------------------------------------

// What this very process has written, or somebody else for a child of it. A process before this one may have had its
// pid, and have left children; they have begun before it.
bool PortLedger::of_this_process(const LedgerEntry& entry) const {
  const auto self = host_->self();
  if (entry.boot_id != self.boot_id || entry.pid_namespace != self.pid_namespace) return false;
  if (entry.pid == self.pid) return entry.start_time == self.start_time;
  return entry.supervisor_pid == self.pid && (entry.start_time == 0 || entry.start_time >= self.start_time);
}

bool PortLedger::as_written(const LedgerEntry& entry) const {
  const auto lease = leases_.find(entry.port);
  return lease != leases_.end() && lease->second.written && entry.instance_id == lease->second.written_id;
}

// The own entry as it was last written; or in another's words, who found the file damaged. That one may know only that
// the port is leased, and no supervisor: it is leased to whoever has its lock. An entry without a boot is of a program
// that knows no locks.
bool PortLedger::mine(const LedgerEntry& entry) const {
  if (as_written(entry)) return true;
  const auto lease = leases_.find(entry.port);
  if (lease == leases_.end()) return false;
  if (lease->second.released || entry.boot_id.empty()) return false;
  return entry.supervisor_pid == 0 || of_this_process(entry);
}

// Written for a lease that this one has no more, when it could not be taken away; also when somebody else has leased
// the port since. What is locked and not remembered is of another ledger in this process.
bool PortLedger::left_over(const LedgerEntry& entry) const {
  if (!of_this_process(entry) || has(entry.port)) return false;
  const auto left = left_.find(entry.port);
  return (left != left_.end() && left->second == entry.instance_id) || !host_->others_lock(entry.port);
}

bool PortLedger::is_over(const LedgerEntry& entry) {
  if (left_over(entry)) return true;
  // Who listens there since is our own server.
  const auto lease = leases_.find(entry.port);
  if (lease != leases_.end() && lease->second.successor_of == entry) return true;
  core::LeaseEvidence evidence;
  evidence.locked = host_->others_lock(entry.port);
  if (evidence.locked) return false;
  evidence.life = host_->life_of(entry);
  if (evidence.life == core::Life::alive) return false;
  evidence.silence = silence_->look(entry, host_->now());
  evidence.silence_by_clock = std::chrono::milliseconds(host_->wall_ms() - entry.last_heartbeat);
  const auto verdict = core::judge(evidence);
  if (verdict != core::LeaseVerdict::over_if_silent_port) return verdict == core::LeaseVerdict::over;
  // A ready server of ours is who listens there: the entry came after it.
  if (lease != leases_.end() && lease->second.locked && !lease->second.released &&
      lease->second.entry.state == "ready") {
    return true;
  }
  return !host_->somebody_listens(entry.port);
}

std::string PortLedger::name_of(const LedgerEntry& entry) const {
  return "`" + core::name_of(entry) + "`";
}

LeaseRefused PortLedger::refusal(Port port, const LedgerEntry* entry) {
  const std::string place = "port " + std::to_string(port) + " is leased to ";
  // Not written yet, or about to be given back: nobody has lived there for long.
  if (entry == nullptr) return {"", place + "another supervisor", true};
  const std::string holder = host_->describe(entry->pid);
  const bool passing = !host_->others_lock(port) && host_->life_of(*entry) != core::Life::alive &&
                       std::chrono::milliseconds(host_->wall_ms() - entry->last_heartbeat) >= longest_silence &&
                       !host_->somebody_listens(port);
  return {holder, place + name_of(*entry) + ", " + holder, passing};
}

// ---- leases
// -----------------------------------------------------------------------------------------------------------

Expected<Port, LeaseRefused> PortLedger::lease(Port port) {
  using Refused = Unexpected<LeaseRefused>;
  const bool is_new = !leases_.contains(port);
  if (!is_new && !leases_.at(port).released) return port;
  // `broken`: what the kernel cannot tell, the file and the port itself still do.
  bool free = !is_new || host_->lock_port(port) != Lock::busy;
  if (free) leases_.try_emplace(port);
  renew_locks();  // afterwards: a lock in a file that had been removed keeps nobody away
  free = free && leases_.at(port).locked;
  // With the lock: this process may be stopped for long before it has it, and who had it may have written its end.
  const auto& reading = host_->read();
  const LedgerEntry* entry = reading ? find(reading->ledger, port) : nullptr;
  const auto of_ours = [&] { return as_written(*entry) || of_this_process(*entry); };
  if (!free || (entry != nullptr && !of_ours() && !is_over(*entry))) {
    if (is_new && leases_.erase(port) > 0) host_->unlock_port(port);
    return Refused(refusal(port, entry));
  }
  Lease& lease = leases_.at(port);
  if (!is_new) lease.entry = {};  // of a lease whose end was not written yet
  lease.released = lease.contested = false;
  if (entry != nullptr) lease.successor_of = *entry;
  due_ = true;
  if (!options_.shared) return port;
  // One who holds the lock of the writers and does nothing is waited for once, and not by each server.
  const auto written =
      bring_up_to_date(writers_lock_is_stuck_ ? std::chrono::milliseconds(0) : patience_of_a_claim, true);
  writers_lock_is_stuck_ = written == Written::busy;
  if (!lease.contested && lease.locked) return port;
  const auto& now = host_->read();
  const auto refused = refusal(port, now ? find(now->ledger, port) : nullptr);
  lease.released = true;  // as it was before
  if (is_new) {
    leases_.erase(port);
    host_->unlock_port(port);
  }
  return Refused(refused);
}

void PortLedger::tell(Port port, const Instance& instance) {
  const auto lease = leases_.find(port);
  if (lease == leases_.end() || lease->second.released) return;
  const auto self = host_->self();
  LedgerEntry entry;
  entry.port = port;
  entry.instance_id = instance.instance_id;
  entry.pid = instance.pid > 0 ? instance.pid : self.pid;
  entry.created_at = instance.created_at;
  entry.server = instance.server;
  entry.project = options_.project;
  entry.url = instance.url;
  entry.state = instance.state;
  // The same run of the same server; a pid alone comes again.
  const LedgerEntry& before = lease->second.entry;
  const bool same = entry.pid == before.pid && entry.instance_id == before.instance_id && before.start_time != 0;
  entry.start_time = same ? before.start_time : host_->identity_of(entry.pid).start_time;
  lease->second.entry = std::move(entry);
  due_ = true;
}

void PortLedger::release(Port port) {
  const auto lease = leases_.find(port);
  if (lease == leases_.end()) return;
  lease->second.released = true;
  due_ = true;
}

bool PortLedger::has(Port port) const {
  const auto lease = leases_.find(port);
  return lease != leases_.end() && !lease->second.released;
}

bool PortLedger::contested(Port port) const {
  const auto lease = leases_.find(port);
  return lease != leases_.end() && !lease->second.released && lease->second.contested;
}

int PortLedger::descriptor() const {
  return host_->lock_descriptor();
}

// ---- the file
// ---------------------------------------------------------------------------------------------------------

LedgerEntry PortLedger::own_entry(Port port, const Lease& lease) const {
  const auto self = host_->self();
  LedgerEntry entry = lease.entry;
  entry.port = port;
  entry.project = options_.project;
  entry.supervisor_pid = self.pid;
  entry.boot_id = self.boot_id;
  entry.pid_namespace = self.pid_namespace;
  if (entry.pid == 0) entry.pid = self.pid;
  if (entry.pid == self.pid) entry.start_time = self.start_time;
  if (entry.instance_id.empty()) entry.instance_id = options_.project + "." + std::to_string(port);
  if (entry.state.empty()) entry.state = "starting";
  entry.last_heartbeat = host_->wall_ms();
  if (entry.created_at == 0) entry.created_at = entry.last_heartbeat;
  return entry;
}

void PortLedger::add_own(Ledger& ledger) {
  for (auto& [port, lease] : leases_) {
    const LedgerEntry* there = find(ledger, port);
    if (lease.released) continue;
    lease.contested = there != nullptr ? !mine(*there) : !lease.locked;
    if (lease.contested) continue;
    LedgerEntry entry = own_entry(port, lease);
    if (there != nullptr) entry.others = there->others;
    put(ledger, std::move(entry));
  }
}

// What is lost in a damaged file, or with it, and still known: by the kernel, and by those who live.
void PortLedger::rebuild(Ledger& ledger) {
  std::vector<Port> lost = host_->ports_others_lock();
  std::erase_if(lost, [&](Port port) { return find(ledger, port) != nullptr; });
  if (lost.empty()) return;
  for (LedgerEntry& seen : host_->seen_on(lost)) put(ledger, std::move(seen));
}

// A lock that another one has got in the meantime is asked for until it is free.
void PortLedger::renew_locks() {
  const bool lost = host_->locks_were_lost();
  descriptor_changed_ = descriptor_changed_ || lost;
  for (auto& [port, lease] : leases_) {
    if (!lost && lease.locked) continue;
    const bool had = std::exchange(lease.locked, host_->lock_port(port) != Lock::busy);
    if (had && !lease.locked) {
      log("the lock file of the ledger was removed, and port " + std::to_string(port) +
          " has been leased to another supervisor since");
    }
  }
}

PortLedger::Written PortLedger::bring_up_to_date(std::chrono::milliseconds patience, bool even_if_nothing_new) {
  renew_locks();
  std::string why;
  const Entered entered(*host_, patience, why);
  if (entered.lock() != Lock::got) {
    if (!why.empty()) trouble_ = why;
    return entered.lock() == Lock::busy ? Written::busy : Written::failed;
  }
  const auto& reading = host_->read();
  if (!reading) {
    trouble_ = reading.error();
    return Written::failed;
  }
  Ledger ledger = reading->ledger;
  const auto damage = reading->damage;
  if (damage || !reading->exists) rebuild(ledger);

  const auto began = host_->now();
  std::vector<LedgerEntry> evicted;
  std::erase_if(ledger.entries, [&](const LedgerEntry& entry) {
    if (mine(entry)) return leases_.at(entry.port).released;
    if (!is_over(entry)) return false;
    evicted.push_back(entry);
    return true;
  });
  silence_->forget_before(began);
  if (!even_if_nothing_new && !damage && evicted.empty()) return Written::nothing_new;
  add_own(ledger);
  const auto kept = host_->replace(ledger, damage.has_value());
  if (!kept) {
    trouble_ = kept.error();
    return Written::failed;
  }
  if (damage) warn("the ledger of ports was damaged (" + *damage + "); kept as " + *kept + ", and rebuilt");
  constexpr std::size_t most_told = 16;
  if (evicted.size() > most_told) {
    log(std::to_string(evicted.size()) + " leases in the ledger of ports are over: their processes are gone");
    evicted.clear();
  }
  for (const LedgerEntry& entry : evicted) {
    log("port " + std::to_string(entry.port) + ": the lease of " + name_of(entry) + " (pid " +
        std::to_string(entry.pid) + ") is over: it is gone");
  }
  for (auto& [port, lease] : leases_) {
    const LedgerEntry* own = lease.contested || lease.released ? nullptr : find(ledger, port);
    lease.written = own != nullptr;
    lease.written_id = own != nullptr ? own->instance_id : "";
  }
  left_.clear();
  trouble_.clear();
  return Written::yes;
}

void PortLedger::forget_released() {
  std::erase_if(leases_, [this](const auto& lease) {
    if (!lease.second.released) return false;
    if (lease.second.written) left_[lease.first] = lease.second.written_id;  // else it was taken away
    host_->unlock_port(lease.first);
    return true;
  });
}

PortLedger::Written PortLedger::write(std::chrono::milliseconds patience) {
  if (!due_) return Written::nothing_new;
  const auto written = bring_up_to_date(patience, true);
  for (auto& [port, lease] : leases_) {
    if (!lease.contested || std::exchange(lease.contest_told, lease.contested)) continue;
    log("port " + std::to_string(port) + " is held here, and another program has registered it too; its entry is kept");
  }
  // Whatever became of the file: a lease that could not be told to have ended does not go on for that.
  if (written == Written::yes || written == Written::failed) forget_released();
  if (written == Written::yes) due_ = false;
  return written;
}

PortLedger::Written PortLedger::tidy(std::chrono::milliseconds patience) {
  return bring_up_to_date(patience, false);
}

bool PortLedger::descriptor_changed() {
  return std::exchange(descriptor_changed_, false);
}

std::vector<LedgerEntry> PortLedger::active() {
  Ledger ledger;
  if (const auto& reading = host_->read()) ledger = reading->ledger;
  std::erase_if(ledger.entries, [this](const LedgerEntry& entry) {
    return mine(entry) ? leases_.at(entry.port).released : is_over(entry);
  });
  for (const auto& [port, lease] : leases_) {
    const bool shown = !lease.released && (!lease.contested || find(ledger, port) == nullptr);
    if (shown) put(ledger, own_entry(port, lease));
  }
  return ledger.entries;
}

std::string PortLedger::holder(Port port) {
  const auto own = leases_.find(port);
  if (own != leases_.end() && !own->second.released) {
    const auto entry = own_entry(port, own->second);
    return entry.server.empty() ? "" : name_of(entry) + ", " + host_->describe(entry.pid);
  }
  const auto& reading = host_->read();
  const LedgerEntry* entry = reading ? find(reading->ledger, port) : nullptr;
  if (entry == nullptr || is_over(*entry)) return {};
  return name_of(*entry) + ", " + host_->describe(entry->pid);
}

}  // namespace berth
