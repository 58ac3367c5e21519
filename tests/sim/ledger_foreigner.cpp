// A program that shares the file and knows nothing of the kernel's locks.

#include <algorithm>

#include "sim/ledger_world.hpp"

namespace berth::sim {

using namespace std::chrono_literals;

Foreigner::Foreigner(LedgerWorld& world, unsigned number, unsigned its_life)
    : Actor(world, "foreigner" + std::to_string(number) + "." + std::to_string(its_life), its_life, 1),
      number_(number) {
  Dice dice(seed_for(world.script.seed, 908, number));
  impatient_ = dice.chance(30);
  rude_ = dice.chance(30);
}

void Foreigner::live() {
  next_beat_ = world_.machine.time + 20s;
  for (;;) {
    const Milliseconds now = world_.machine.time;
    const bool beats = now >= next_beat_;
    if (beats) next_beat_ = now + 20s;
    if (beats || wanted_ > 0 || gives_up_ || ending_) {
      if (enter()) {
        const bool done = update();
        leave();
        if (ending_) return;
        if (done) continue;
      }
      rest(500ms);
    } else {
      idle_until(next_beat_);
    }
  }
}

void Foreigner::leave_the_world(bool) {}

bool Foreigner::enter() {
  auto& announced = world_.machine.announced;
  for (unsigned tries = 0; tries < 40; ++tries) {
    call("open with O_EXCL");
    const bool full = world_.machine.time < world_.machine.disk_full_until;
    if (announced.life == 0 && !full) {
      announced = {life, process.pid, process.pid_namespace, world_.machine.time};
      return true;
    }
    const bool abandoned =
        announced.life != 0 && world_.machine.living(announced.pid_namespace, announced.pid) == nullptr;
    if (abandoned || (impatient_ && announced.life != 0 && world_.machine.time - announced.since > 10s)) {
      world_.tell(name + " takes FILE.lock away");
      announced = {};
    }
    rest(5ms);
  }
  return false;
}

void Foreigner::leave() {
  call("unlink");
  if (world_.machine.announced.life == life) world_.machine.announced = {};
}

// False when the file is not as it should be.
bool Foreigner::update() {
  auto& machine = world_.machine;
  call("read");
  if (machine.time < machine.unreadable_until || (machine.file.damage && !rude_)) return false;
  Ledger ledger = machine.file.damage ? Ledger{} : machine.file.ledger;
  const bool is_new = machine.file.damage.has_value() || !machine.file.exists;
  if (rude_) {
    std::erase_if(ledger.entries, [&](const LedgerEntry& entry) {
      return machine.wall_ms() - entry.last_heartbeat > 120'000 && !own_.contains(entry.port);
    });
  }
  if (gives_up_ && !own_.empty()) {
    const Port port = own_.begin()->first;
    std::erase_if(ledger.entries,
                  [&](const auto& entry) { return entry.port == port && own_[port].instance_id == entry.instance_id; });
    own_.erase(port);
    std::erase_if(machine.listeners, [&](const auto& at) { return at.first == port && at.second.process == &process; });
    world_.tell(name + " gives port " + std::to_string(port) + " up");
  }
  gives_up_ = false;
  const auto at_port = [&](Port port) {
    return std::find_if(ledger.entries.begin(), ledger.entries.end(),
                        [&](const auto& entry) { return entry.port == port; });
  };
  for (Port port = world_.script.first; wanted_ > 0 && port <= world_.script.range().last; ++port) {
    if (at_port(port) != ledger.entries.end() || own_.contains(port)) continue;
    if (world_.script.sockets && (world_.bound.contains(port) || machine.listeners.contains(port))) continue;
    LedgerEntry entry;
    entry.port = port;
    entry.instance_id = "f" + std::to_string(number_) + "." + std::to_string(life) + "." + std::to_string(++made_);
    entry.pid = process.pid;
    entry.created_at = machine.wall_ms();
    if (made_ % 2 == 0) entry.others = R"({"framework":"other"})";
    own_.emplace(port, entry);
    world_.tell(name + " registers port " + std::to_string(port));
    if (made_ % 3 != 0) machine.listen(port, process);
    break;
  }
  wanted_ = 0;
  if (ending_) {
    std::erase_if(ledger.entries, [&](const auto& entry) {
      return own_.contains(entry.port) && own_[entry.port].instance_id == entry.instance_id;
    });
    own_.clear();
  }
  for (auto& [port, entry] : own_) {
    entry.last_heartbeat = machine.wall_ms();
    const auto there = at_port(port);
    if (there == ledger.entries.end()) {
      ledger.entries.push_back(entry);
    } else if (there->instance_id == entry.instance_id) {
      there->last_heartbeat = entry.last_heartbeat;
    }
  }
  std::sort(ledger.entries.begin(), ledger.entries.end(), [](const auto& a, const auto& b) { return a.port < b.port; });
  call("rename");
  if (machine.time < machine.disk_full_until) return false;
  if (is_new) world_.tell(name + " makes the file anew");
  machine.write_file(std::move(ledger), 0);
  return true;
}

}  // namespace berth::sim
