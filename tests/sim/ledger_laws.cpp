// What has to hold at every call. A law says what is true on the machine, not how the ledger comes to know it; where
// time passes between a look and a deed, only what was so from `enter` on is held against a Berth.

#include <algorithm>

#include "sim/ledger_world.hpp"

namespace berth::sim {

namespace {

using namespace std::chrono_literals;

constexpr Milliseconds silence{60'000};

std::string named(const SimBerth& berth, Port port) {
  return berth.name + ", port " + std::to_string(port);
}

}  // namespace

const LedgerEntry* on_port(const Ledger& ledger, Port port) {
  for (const LedgerEntry& entry : ledger.entries) {
    if (entry.port == port) return &entry;
  }
  return nullptr;
}

std::string to_string(const LedgerEntry& entry) {
  return std::to_string(entry.port) + " " + entry.instance_id + " (pid " + std::to_string(entry.pid) + "/" +
         std::to_string(entry.start_time) + ", namespace " + std::to_string(entry.pid_namespace) + ", supervisor " +
         std::to_string(entry.supervisor_pid) + (entry.boot_id.empty() ? "" : ", " + entry.boot_id) + ")";
}

// ---- what is true
// -------------------------------------------------------------------------------------------------------

// It names this very process, or one that it has started.
bool LedgerWorld::is_of(const SimBerth& berth, const LedgerEntry& entry) const {
  if (entry.boot_id.empty() || entry.pid_namespace != berth.process.pid_namespace) return false;
  if (entry.start_time == 0) return entry.supervisor_pid == berth.process.pid && entry.boot_id == berth.process.boot;
  const SimProcess* process = machine.named_by(entry);
  return process != nullptr && process->life == berth.life;
}

bool LedgerWorld::is_leased_by(const SimBerth& berth, const LedgerEntry& entry) const {
  const auto lease = berth.wanted.find(entry.port);
  return entry.port == berth.asked_for || (lease != berth.wanted.end() && !lease->second.released);
}

// Why this Berth may not take another's entry away; empty: it may.
std::string LedgerWorld::why_it_has_to_stay(const SimBerth& berth, const LedgerEntry& entry) const {
  // What was over when the port was leased does not come back to life with the own server that listens there since.
  const auto lease = berth.wanted.find(entry.port);
  if (lease != berth.wanted.end() && lease->second.successor_of == entry) return {};
  const Step since = berth.visit.entered;
  const auto* lock = machine.others_lock(berth.lock_file, entry.port, berth.description);
  if (lock != nullptr && lock->since < since) return "its port is locked";
  const bool here = entry.pid_namespace == 0 || entry.pid_namespace == berth.process.pid_namespace;
  if (!entry.boot_id.empty()) {
    if (entry.boot_id != machine.boot()) return {};
    if (here && entry.start_time != 0) {
      const SimProcess* process = machine.named_by(entry);
      return process != nullptr && process->alive ? "its process lives" : "";
    }
  }
  const auto listener = machine.listeners.find(entry.port);
  const bool is_heard = listener != machine.listeners.end() && listener->second.since < since;
  const bool is_wanted = lease != berth.wanted.end();
  // In a network of its own, a ready server of this one listens there too, whoever was noted first.
  const bool listens_apart = !script.sockets && is_wanted && lease->second.told && lease->second.told->state == "ready";
  const bool own = is_heard && is_wanted && (listens_apart || listener->second.process->life == berth.life);
  if (is_heard && !own) return "somebody listens on its port";
  const auto age = machine.age_of(entry);
  if (!age || *age >= silence) return {};
  const SimProcess* there = here ? machine.living(berth.process.pid_namespace, entry.pid) : nullptr;
  const bool absent = here && (there == nullptr || there->born >= since);
  if (!absent) return "it was heard of " + std::to_string(age->count()) + " ms ago";
  const std::int64_t said = std::max(machine.wall_ms(), berth.visit.wall_ms) - entry.last_heartbeat;
  return said < silence.count() ? "its heartbeat is of " + std::to_string(said) + " ms ago" : "";
}

// Provably gone, and nobody has it locked.
bool LedgerWorld::has_to_go(const SimBerth& berth, const LedgerEntry& entry) const {
  const Step since = berth.visit.entered;
  const bool locked = machine.others_lock(berth.lock_file, entry.port, berth.description) != nullptr;
  // With two lock files somebody else may have written it, for a lease of his.
  if (is_of(berth, entry)) return !is_leased_by(berth, entry) && !(locked && lock_file_was_removed);
  if (entry.boot_id.empty() || locked || machine.unlocked_at(berth.lock_file, entry.port) >= since) {
    return false;
  }
  if (entry.boot_id != machine.boot()) return true;
  if (entry.pid_namespace != berth.process.pid_namespace || entry.start_time == 0) return false;
  const SimProcess* process = machine.named_by(entry);
  return process == nullptr || (!process->alive && process->died < since);
}

// ---- one visit of the file
// ----------------------------------------------------------------------------------------------

void LedgerWorld::check_enter(SimBerth& berth) {
  if (berth.visit.inside) break_law("enter", berth.name + " enters twice");
  auto& visit = berth.visit;
  visit.inside = true;
  visit.entered = machine.next_step();
  visit.wall_ms = machine.wall_ms();
  visit.asked.clear();
}

void LedgerWorld::check_read(SimBerth& berth) {
  const LedgerEntry* entry = on_port(berth.last_reading.ledger, berth.asked_for);
  if (entry != nullptr && !has_to_go(berth, *entry)) berth.saw_another = true;
}

void LedgerWorld::check_leave(SimBerth& berth) {
  if (!berth.visit.inside) break_law("leave", berth.name + " leaves and was not inside");
  berth.visit.inside = false;
}

void LedgerWorld::check_replace(SimBerth& berth, const Ledger& ledger, bool keep_old) {
  const auto& visit = berth.visit;
  const auto* lock = machine.lock_on(berth.lock_file, LedgerMachine::writer);
  if (!visit.inside || lock == nullptr || lock->description != berth.description) {
    break_law("outside", berth.name + " writes and is not between enter and leave");
  }
  if (!visit.has_read) break_law("unread", berth.name + " writes what it has not read");
  // Two can be inside when they have different lock files; and a foreigner that was stopped writes without asking.
  if (machine.file.written != visit.version && machine.file.written_under == berth.lock_file) {
    break_law("lost-update", berth.name + " overwrites what was written since it read");
  }
  if (keep_old != visit.reading.damage.has_value()) break_law("kept", berth.name + " keeps the wrong files");
  if (ledger.others != visit.reading.ledger.others) break_law("others", berth.name + " loses what others have added");
  for (std::size_t i = 1; i < ledger.entries.size(); ++i) {
    if (ledger.entries[i - 1].port >= ledger.entries[i].port) break_law("order", berth.name + " mixes the ports up");
  }
  check_what_is_gone(berth, ledger);
  check_what_is_there(berth, ledger);
  check_rebuilt(berth, ledger);
  check_own(berth, ledger);
}

void LedgerWorld::check_what_is_gone(SimBerth& berth, const Ledger& ledger) {
  for (const LedgerEntry& entry : berth.visit.reading.ledger.entries) {
    const LedgerEntry* now = on_port(ledger, entry.port);
    if (now != nullptr && *now == entry) continue;
    if (is_of(berth, entry)) {
      const bool same = now != nullptr && now->instance_id == entry.instance_id;
      if (same && now->others != entry.others) break_law("others", named(berth, entry.port) + ": lost a note");
      continue;
    }
    // Somebody has rebuilt it from who listens there: of no supervisor, on a port that this one has leased.
    const bool rebuilt = !entry.boot_id.empty() && entry.supervisor_pid == 0;
    if (rebuilt && is_leased_by(berth, entry) && now != nullptr && is_of(berth, *now)) continue;
    const std::string why = why_it_has_to_stay(berth, entry);
    if (!why.empty()) {
      break_law("false-eviction", berth.name + (now != nullptr ? " overwrites " : " evicts ") + to_string(entry) +
                                      (now != nullptr ? " with " + to_string(*now) : "") + ", but " + why);
    }
  }
}

void LedgerWorld::check_what_is_there(SimBerth& berth, const Ledger& ledger) {
  const auto& reading = berth.visit.reading;
  for (const LedgerEntry& entry : ledger.entries) {
    const LedgerEntry* before = on_port(reading.ledger, entry.port);
    if (before != nullptr && *before == entry) {
      if (has_to_go(berth, entry)) break_law("gone-stays", berth.name + " leaves " + to_string(entry));
    } else if (is_of(berth, entry)) {
      if (!is_leased_by(berth, entry)) break_law("released-stands", berth.name + " writes " + to_string(entry));
    } else {
      const SimProcess* process = machine.named_by(entry);
      const bool lived = process != nullptr && (process->alive || process->died > berth.visit.entered);
      if ((!reading.damage && reading.exists) || before != nullptr || !lived) {
        break_law("invented", berth.name + " writes " + to_string(entry));
      }
    }
  }
}

// Who listens on a port that is locked is known, also when the file has lost him.
void LedgerWorld::check_rebuilt(SimBerth& berth, const Ledger& ledger) {
  const auto& visit = berth.visit;
  if (visit.reading.exists && !visit.reading.damage) return;
  for (const auto& [port, listener] : machine.listeners) {
    const auto* lock = machine.others_lock(berth.lock_file, port, berth.description);
    const bool is_known = lock != nullptr && lock->since < visit.entered && listener.since < visit.entered &&
                          listener.process->pid_namespace == berth.process.pid_namespace;
    const bool was_lost = on_port(visit.reading.ledger, port) == nullptr;
    if (is_known && was_lost && on_port(ledger, port) == nullptr)
      break_law("rebuilt", named(berth, port) + ": is not rebuilt");
  }
}

// Each lease stands in the file as it was told, unless somebody else stands there who was first.
void LedgerWorld::check_own(SimBerth& berth, const Ledger& ledger) {
  for (const auto& [port, lease] : berth.wanted) {
    if (lease.released) continue;
    const LedgerEntry* entry = on_port(ledger, port);
    if (entry == nullptr && lease.refused_lock) continue;
    if (entry == nullptr) {
      break_law("lost-lease", named(berth, port) + ": its lease is not written");
      continue;
    }
    if (!is_of(berth, *entry)) continue;  // and has to stay there: check_what_is_there
    const auto& asked = berth.visit.asked;
    if (std::find(asked.begin(), asked.end(), entry->last_heartbeat) == asked.end()) {
      break_law("heartbeat", named(berth, port) + ": its heartbeat is not of now");
    }
    if (entry->supervisor_pid != berth.process.pid || entry->project != berth.project || entry->created_at == 0) {
      break_law("told", named(berth, port) + ": not all is told in " + to_string(*entry));
    }
    if (!lease.told) continue;
    const auto& told = *lease.told;
    const bool of_itself = told.pid == 0;
    if (entry->pid != (of_itself ? berth.process.pid : told.pid) ||
        entry->start_time != (of_itself ? berth.process.start_time : lease.start_time) ||
        (!told.instance_id.empty() && entry->instance_id != told.instance_id) || entry->state != told.state ||
        entry->url != told.url || entry->server != told.server) {
      break_law("told", named(berth, port) + ": " + to_string(*entry) + " is not what was told: " + told.instance_id +
                            " (pid " + std::to_string(told.pid) + "/" + std::to_string(lease.start_time) + ")");
    }
  }
}

// ---- what a Berth has asked of its ledger
// -------------------------------------------------------------------------------

void LedgerWorld::check_unlock(SimBerth& berth, Port port) {
  const auto lease = berth.wanted.find(port);
  if (lease == berth.wanted.end() || port == berth.asked_for) return;
  if (!lease->second.released) break_law("unlock", named(berth, port) + ": unlocked, and is leased");
  if (!berth.visit.tried) break_law("unlock", named(berth, port) + ": unlocked before its end could be written");
}

// Two living ones have the same port only when they have locked it in different lock files: the file was removed
// between the two leases. And even then nobody is given a port at which he has read of a process that he sees alive.
void LedgerWorld::check_lease(SimBerth& berth, Port port, bool granted) {
  const LedgerEntry* entry = on_port(berth.last_reading.ledger, port);
  if (!granted) {
    if (!berth.saw_another) break_law("refused", named(berth, port) + ": refused for nothing");
    return;
  }
  for (const SimBerth* other : berths) {
    if (other == nullptr || other == &berth || other->dead()) continue;
    const auto lease = other->wanted.find(port);
    if (lease == other->wanted.end() || lease->second.released) continue;
    const bool two_files = lease->second.taken_under != berth.lock_file || other->lock_file != berth.lock_file ||
                           lease->second.refused_lock;
    const bool was_seen = entry != nullptr && is_of(*other, *entry) &&
                          entry->pid_namespace == berth.process.pid_namespace && machine.named_by(*entry) != nullptr &&
                          machine.named_by(*entry)->alive;
    if (!two_files || was_seen) break_law("double", named(berth, port) + ": is leased by " + other->name + " too");
    tell(berth.name + " and " + other->name + " both have port " + std::to_string(port) + ", by two lock files");
  }
}

void LedgerWorld::check_after(SimBerth& berth) {
  if (berth.dead()) return;
  for (const auto& [port, lease] : berth.wanted) {
    const auto* lock = machine.lock_on(berth.lock_file, port);
    const bool locked = lock != nullptr && lock->description == berth.description;
    if (!locked && !lease.refused_lock) break_law("unlocked", named(berth, port) + ": leased without a lock");
    if (berth.ledger->has(port) == lease.released) break_law("has", named(berth, port) + ": does not know its leases");
  }
  for (const Port port : machine.ports_locked(berth.lock_file, berth.description, false)) {
    if (!berth.wanted.contains(port)) break_law("lock-left", named(berth, port) + ": locked without a lease");
  }
  if (berth.dirty && !berth.ledger->due()) break_law("due", berth.name + " has something to write and does not know");
}

void LedgerWorld::check_written(SimBerth& berth, PortLedger::Written written, bool tidied) {
  using Written = PortLedger::Written;
  const auto visit = berth.visit;
  if (visit.inside) break_law("leave", berth.name + " has not left");
  if (visit.replaced != (written == Written::yes)) break_law("written", berth.name + " says the wrong thing");
  if (std::exchange(berth.renewed, false) != berth.ledger->descriptor_changed()) {
    break_law("descriptor", berth.name + " does not say that its lock file is another one");
  }
  if (!tidied && written == Written::yes) berth.dirty = false;
  if (!tidied && (written == Written::yes || written == Written::failed)) {
    std::erase_if(berth.wanted, [](const auto& lease) { return lease.second.released; });
  }
  if (written == Written::yes) {
    for (const auto& [port, lease] : berth.wanted) {
      const bool free = machine.lock_on(berth.lock_file, port) == nullptr;
      if (lease.refused_lock && free && machine.unlocked_at(berth.lock_file, port) < visit.began) {
        break_law("lock-forgotten", named(berth, port) + ": nobody has its lock, and it does not ask");
      }
    }
  }
  if (written == Written::nothing_new && tidied) {
    for (const LedgerEntry& entry : visit.reading.ledger.entries) {
      const bool will_be_written = berth.wanted.contains(entry.port);  // at the next beat
      if (has_to_go(berth, entry) && !will_be_written) {
        break_law("gone-stays", berth.name + " leaves " + to_string(entry));
      }
    }
  }
}

void LedgerWorld::check_active(SimBerth& berth, const std::vector<LedgerEntry>& active) {
  const Ledger all{active, {}};
  for (const LedgerEntry& entry : active) {
    if (has_to_go(berth, entry)) break_law("active", berth.name + " shows " + to_string(entry));
  }
  for (const LedgerEntry& entry : berth.last_reading.ledger.entries) {
    if (is_of(berth, entry) || on_port(all, entry.port) != nullptr) continue;
    const std::string why = why_it_has_to_stay(berth, entry);
    if (!why.empty()) break_law("active", berth.name + " does not show " + to_string(entry) + ", but " + why);
  }
  for (const auto& [port, lease] : berth.wanted) {
    if (!lease.released && on_port(all, port) == nullptr) break_law("active", named(berth, port) + ": not shown");
  }
}

// ---- the end
// ------------------------------------------------------------------------------------------------------------

void LedgerWorld::check_end(bool in_order) {
  // A foreigner that was stopped may write an old file back.
  if (in_order && !lock_file_was_removed && script.foreigners == 0) {
    for (const LedgerEntry& entry : machine.file.ledger.entries) {
      const SimProcess* process = machine.named_by(entry);
      const auto* berth = process == nullptr || process->life == 0
                              ? nullptr
                              : dynamic_cast<const SimBerth*>(lives[process->life - 1].get());
      if (berth != nullptr && berth->ended_in_order) break_law("end", berth->name + " has left " + to_string(entry));
    }
  }
  // One may wait for ever: for a FILE.lock whose maker's pid it has been given.
  for (std::size_t i = 0; i < lives.size(); ++i) lives[i]->be_killed();
  pass(151s);  // the longest that what was killed leaves behind
  SimBerth& last = berth_begins(0, false);
  for (unsigned times = 0; times < 5 && !outcome.broken; ++times) {
    last.post({Mail::What::tidy});
    pass(30s);
    for (const LedgerEntry& entry : machine.file.ledger.entries) {
      const bool here = !entry.boot_id.empty() &&
                        (entry.pid_namespace == last.process.pid_namespace || entry.boot_id != machine.boot());
      if ((here && entry.start_time != 0) || times == 4) break_law("end", "there stands for ever " + to_string(entry));
    }
  }
}

}  // namespace berth::sim
