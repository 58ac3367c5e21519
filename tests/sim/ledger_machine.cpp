#include "sim/ledger_machine.hpp"

#include <algorithm>

namespace berth::sim {

namespace {

using namespace std::chrono_literals;

constexpr int first_pid = 10;
constexpr int ring_of_pids = 40;
constexpr Milliseconds tick{10};
// No kernel gives a pid again within a tick, and by pid and tick a process is told from all others.
constexpr Milliseconds rest_of_a_pid{30};

}  // namespace

std::uint64_t LedgerMachine::ticks() const {
  return static_cast<std::uint64_t>(time / tick) + 100;
}

int LedgerMachine::free_pid(std::uint64_t pid_namespace) {
  const auto is_free = [&](int pid) {
    const auto at = by_pid_.find({pid_namespace, pid});
    return at == by_pid_.end() ||
           (!at->second->alive && at->second->reaped && ticks() >= at->second->died_at + rest_of_a_pid / tick);
  };
  int& last = last_pid_.try_emplace(pid_namespace, first_pid).first->second;
  int pid = lowest_pid_ ? first_pid : last + 1;
  while (!is_free(pid)) ++pid;
  last = pid >= first_pid + ring_of_pids ? first_pid : pid;
  return pid;
}

SimProcess& LedgerMachine::begin_process(std::uint64_t pid_namespace, unsigned life) {
  auto process = std::make_unique<SimProcess>();
  process->pid = free_pid(pid_namespace);
  process->pid_namespace = pid_namespace;
  process->start_time = ticks();
  process->boot = boot_;
  process->life = life;
  process->born = next_step();
  by_pid_[{pid_namespace, process->pid}] = process.get();
  ever_[{boot_, pid_namespace, process->pid, process->start_time}] = process.get();
  return *processes_.emplace_back(std::move(process));
}

void LedgerMachine::end_process(SimProcess& process) {
  if (!process.alive) return;
  process.alive = false;
  process.died = next_step();
  process.died_at = ticks();
  std::erase_if(listeners, [&](const auto& listener) { return listener.second.process == &process; });
}

SimProcess* LedgerMachine::there(std::uint64_t pid_namespace, int pid) const {
  const auto at = by_pid_.find({pid_namespace, pid});
  return at != by_pid_.end() && (at->second->alive || !at->second->reaped) ? at->second : nullptr;
}

SimProcess* LedgerMachine::living(std::uint64_t pid_namespace, int pid) const {
  SimProcess* process = there(pid_namespace, pid);
  return process != nullptr && process->alive ? process : nullptr;
}

SimProcess* LedgerMachine::named_by(const LedgerEntry& entry) const {
  const auto at = ever_.find({entry.boot_id, entry.pid_namespace, entry.pid, entry.start_time});
  return at != ever_.end() ? at->second : nullptr;
}

void LedgerMachine::boot_anew() {
  for (const auto& process : processes_) end_process(*process);
  by_pid_.clear();
  last_pid_.clear();
  boot_ = "boot-" + std::to_string(++boots_);
}

bool LedgerMachine::lock(unsigned of_file, Port byte, unsigned description) {
  const auto [at, is_new] = locks_.try_emplace({of_file, byte}, ByteLock{description, 0});
  if (is_new) at->second.since = next_step();
  return at->second.description == description;
}

void LedgerMachine::unlock(unsigned of_file, Port byte, unsigned description) {
  const auto at = locks_.find({of_file, byte});
  if (at == locks_.end() || at->second.description != description) return;
  locks_.erase(at);
  unlocked_[{of_file, byte}] = next_step();
}

void LedgerMachine::close(unsigned description) {
  std::erase_if(locks_, [&](const auto& lock) {
    if (lock.second.description != description) return false;
    unlocked_[lock.first] = next_step();
    return true;
  });
}

const LedgerMachine::ByteLock* LedgerMachine::lock_on(unsigned of_file, Port byte) const {
  const auto at = locks_.find({of_file, byte});
  return at != locks_.end() ? &at->second : nullptr;
}

const LedgerMachine::ByteLock* LedgerMachine::others_lock(unsigned of_file, Port byte, unsigned description) const {
  const ByteLock* lock = lock_on(of_file, byte);
  return lock != nullptr && lock->description != description ? lock : nullptr;
}

std::vector<Port> LedgerMachine::ports_locked(unsigned of_file, unsigned description, bool by_others) const {
  std::vector<Port> ports;
  for (auto at = locks_.lower_bound({of_file, Port{1}}); at != locks_.end() && at->first.first == of_file; ++at) {
    if ((at->second.description != description) == by_others) ports.push_back(at->first.second);
  }
  return ports;
}

Step LedgerMachine::unlocked_at(unsigned of_file, Port byte) const {
  const auto at = unlocked_.find({of_file, byte});
  return at != unlocked_.end() ? at->second : 0;
}

void LedgerMachine::write_file(Ledger ledger, unsigned under) {
  for (const LedgerEntry& entry : ledger.entries) {
    Beat& beat = beats_.try_emplace({entry.port, entry.instance_id}, Beat{-1, {}, 0}).first->second;
    if (beat.heartbeat != entry.last_heartbeat) beat = {entry.last_heartbeat, time - paused_, pauses_};
  }
  file.ledger = std::move(ledger);
  file.damage.reset();
  file.exists = true;
  file.written = next_step();
  file.written_under = under;
}

std::optional<Milliseconds> LedgerMachine::age_of(const LedgerEntry& entry) const {
  const auto at = beats_.find({entry.port, entry.instance_id});
  if (at == beats_.end() || at->second.heartbeat != entry.last_heartbeat) return std::nullopt;
  return time - paused_ - at->second.at + core::SilenceWatch::longest_look * (pauses_ - at->second.pauses);
}

}  // namespace berth::sim
