// What must be true at every step, whatever happens.

#include <algorithm>

#include "sim/world.hpp"

namespace berth::sim {

using namespace std::chrono_literals;
using core::PhaseKind;
using core::State;

void World::break_law(const std::string& law, const std::string& sentence) {
  if (outcome_.broken) return;
  outcome_.broken = Broken{law, sentence};
  tell("BROKEN " + law + ": " + sentence);
}

std::size_t World::place_of(const std::string& name) const {
  return by_id_.at(static_cast<unsigned>(std::stoul(name.substr(1))));
}

// Dependencies are ready before their dependents start.
void World::check_claim(std::size_t server) {
  for (const std::string& name : governor_->config(server)->depends_on) {
    const auto& need = governor_->life(place_of(name));
    if (need.is_ready()) continue;
    break_law("dependency-not-ready", name_of(servers_[server].id) + " starts while " + name + " is " +
                                          std::string(core::to_string(need.state())));
  }
}

// No port is given to two, and no dead one while there is another.
void World::check_claimed(std::size_t server, const core::ClaimPort& claim, Port port, bool was_dead) {
  const std::string what = "port " + std::to_string(port);
  const std::string who = name_of(servers_[server].id);
  if (const auto owner = berth_of_.find(port); owner != berth_of_.end() && owner->second != server) {
    break_law("port-of-two", what + " is given to " + who + " and belongs to " + name_of(servers_[owner->second].id));
  }
  if (!bound_.contains(port)) break_law("not-held", what + " is given to " + who + " and not held");
  if (desk_->registry().is_dead(port)) break_law("dead-port", what + " is dead and given to " + who);
  if (!was_dead || governor_->config(server)->fixed_port) return;
  if (std::find(claim.avoid.begin(), claim.avoid.end(), port) != claim.avoid.end()) {
    break_law("dead-port", what + " is given to " + who + ", which lost it in this very start");
  }
  for (auto other = desk_->registry().next_free(); other; other = desk_->registry().next_free(*other + 1U)) {
    if (!listeners_.contains(*other))
      break_law("dead-port", what + " was dead, and " + std::to_string(*other) + " free");
  }
}

// No port is released while its process or a listener lives, and none that was not given.
void World::check_given_back(std::size_t server, Port port) {
  SimServer& it = servers_[server];
  const std::string what = "port " + std::to_string(port) + " of " + name_of(it.id);
  if (it.port != port) return break_law("release", what + " is given back and was not given");
  if (it.child) break_law("released-alive", what + " is given back while something of its tree is left");
  const auto listener = listeners_.find(port);
  if (listener != listeners_.end() && listener->second == static_cast<std::int64_t>(server)) {
    break_law("released-alive", what + " is given back while its tree listens there");
  }
  it.port.reset();
  berth_of_.erase(port);
}

void World::check_launch(std::size_t server, const core::Launch& launch) {
  const SimServer& it = servers_[server];
  if (it.child) break_law("two-processes", name_of(it.id) + " is launched beside what is left of its last run");
  if (!governor_->life(server).wanted_up()) break_law("launch", name_of(it.id) + " is launched and not wanted");
  if (it.port != launch.port) break_law("launch", name_of(it.id) + " is launched on a port that it was not given");
}

void World::check_phase(std::size_t server) {
  SimServer& it = servers_[server];
  const auto& life = governor_->life(server);
  const PhaseKind before = std::exchange(it.phase, life.phase());
  if (before == it.phase) return;
  if (it.phase == PhaseKind::ready && before == PhaseKind::starting &&
      governor_->config(server)->ready.probe != Probe::none) {
    const auto listener = it.port ? listeners_.find(*it.port) : listeners_.end();
    const bool own = listener != listeners_.end() && listener->second == static_cast<std::int64_t>(server);
    // Seen to listen by the look that made it ready; it may have ended since, within the same instant.
    const bool end_is_queued = std::any_of(queue_.begin(), queue_.end(), [&](const auto& entry) {
      return entry.first == server && std::holds_alternative<core::Ended>(entry.second);
    });
    const bool just_ended = end_is_queued || (it.child && !it.child->leader && !it.child->reaped);
    if (!own && !just_ended) break_law("ready-without-listener", name_of(it.id) + " is ready and does not listen");
  }
  // One that was being launched was told to stop earlier, when perhaps nobody else was.
  if (it.phase == PhaseKind::stopping && before != PhaseKind::launching && !life.wanted_up() && !patience_lost_ &&
      !governor_->shutdown_timed_out() && !script_.tame) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (!governor_->has(i)) continue;
      const auto& needs = governor_->config(i)->depends_on;
      const bool depends = std::find(needs.begin(), needs.end(), name_of(it.id)) != needs.end();
      if (!depends || governor_->life(i).wanted_up() || !servers_[i].child) continue;
      break_law("stop-order", name_of(it.id) + " is stopped before " + name_of(servers_[i].id) + " is gone");
    }
  }
}

void World::check_after(std::size_t server) {
  if (!governor_->has(server)) return;
  SimServer& it = servers_[server];
  const auto& life = governor_->life(server);
  check_phase(server);
  if (governor_->starting() > script_.start_concurrency) {
    break_law("concurrency", std::to_string(governor_->starting()) + " servers are starting at once");
  }
  if (life.restarts() < it.restarts || life.restarts() > life.starts()) {
    break_law("counters", name_of(it.id) + ": restarts go back, or are more than starts");
  }
  it.restarts = life.restarts();
  if (!std::exchange(it.touched, true)) touched_.push_back(server);
}

// Nobody is ended for his health but by as many failed checks in a row as are asked for.
void World::check_alarm(std::size_t server) {
  const SimServer& it = servers_[server];
  const auto& life = governor_->life(server);
  if (!life.wanted_up() || life.reason() != core::Cause::unhealthy || !it.child->leader) return;
  if (it.child->unanswered + it.child->unheard < governor_->config(server)->health.failures) {
    break_law("false-alarm", name_of(it.id) + " is ended as unhealthy and was not");
  }
}

// After many rounds of checks nobody is taken for ready who is not.
void World::check_unnoticed() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!governor_->has(i)) continue;
    const auto& life = governor_->life(i);
    const auto& config = *governor_->config(i);
    const auto& child = servers_[i].child;
    if (life.phase() != PhaseKind::ready || config.ready.probe == Probe::none || !child) continue;
    if (config.health.probe == Probe::http && child->stopped) {
      break_law("unnoticed", name_of(servers_[i].id) + " is ready, and has been stopped for long");
    }
    if (config.health.probe == Probe::listen && child->listens != child->berth) {
      break_law("unnoticed", name_of(servers_[i].id) + " is ready, and has not listened for long");
    }
  }
}

// With no event left to handle: every wanted server is running, scheduled to run, or failed with a cause.
void World::check_rest(std::size_t server) {
  if (!governor_->has(server)) return;
  const SimServer& it = servers_[server];
  const auto& life = governor_->life(server);
  const std::string who = name_of(it.id) + ", which is " + std::string(core::to_string(life.state())) + ",";
  const auto wrong = [&](const std::string& what) { break_law("stuck", who + " " + what); };
  switch (life.phase()) {
    case PhaseKind::claiming:
    case PhaseKind::launching: return wrong("waits for an answer that nobody owes it");
    case PhaseKind::starting:
    case PhaseKind::ready:
    case PhaseKind::unhealthy:
      if (!it.child) wrong("has no process");
      if (!life.wanted_up()) wrong("is not wanted");
      if (life.phase() == PhaseKind::starting && !life.deadline()) wrong("has no deadline");
      break;
    case PhaseKind::stopping:
      if (!it.child) wrong("has no process");
      if (!life.deadline()) wrong("has no deadline");
      break;
    case PhaseKind::backoff:
      if (!life.deadline()) wrong("has no deadline");
      if (!life.wanted_up()) wrong("is not wanted");
      break;
    case PhaseKind::waiting: {
      if (governor_->about_to_leave(server) || governor_->starting() >= script_.start_concurrency) break;
      const auto& needs = governor_->config(server)->depends_on;
      const bool something_missing = std::any_of(needs.begin(), needs.end(), [&](const std::string& need) {
        const auto at = place_of(need);
        if (!governor_->has(at)) return false;  // it has left before one that leaves too
        const auto& other = governor_->life(at);
        const bool serves = other.is_ready() && !governor_->about_to_leave(at);
        return !serves && !core::down_for_good(other.state());
      });
      if (!something_missing) wrong("waits for nothing");
      break;
    }
    case PhaseKind::idle:
      if (it.child) wrong("has a process");
      if (it.port) wrong("has a port");
      if (life.wanted_up() && !life.reason()) wrong("is wanted and gives no reason");
      if (life.wanted_up() && life.state() == State::stopped) wrong("is wanted");
      if (governor_->is_departing(server)) break;  // it waits for its dependents, and then leaves
      if (life.state() == State::failed && life.reason() == core::Cause::dependency && needs_are_back(server)) {
        wrong("has failed for dependencies that are back");
      }
      break;
  }
  if (it.port != life.port()) break_law("port-book", who + " has another port than it says");
  if (life.starts() != it.launched) break_law("counters", who + " says another number of starts than there were");
  if (!it.was_fixed && life.port_conflicts() != it.conflicts) {
    break_law("counters", who + " says another number of conflicts than there were");
  }
}

bool World::needs_are_back(std::size_t server) const {
  const auto& needs = governor_->config(server)->depends_on;
  return std::all_of(needs.begin(), needs.end(), [&](const std::string& need) {
    const auto& other = governor_->life(place_of(need));
    return other.wanted_up() && !core::down_for_good(other.state());
  });
}

void World::check_calm() {
  for (const std::size_t server : touched_) {
    servers_[server].touched = false;
    check_rest(server);
  }
  touched_.clear();
  if (desk_->berths() != berth_of_.size()) {
    break_law("port-book", std::to_string(desk_->berths()) + " berths are held, and " +
                               std::to_string(berth_of_.size()) + " servers have one");
  }
}

// Going down ends, whatever the children do.
void World::check_shutdown() {
  if (!governor_->going_down()) return;
  if (!down_by_) down_by_ = time_ + script_.shutdown_timeout + 60s;
  if (!governor_->all_down() && time_ > *down_by_) break_law("shutdown", "going down does not end");
}

void World::check_end() {
  check_calm();
  if (!governor_->all_down()) return break_law("end", "nothing more will happen, and not all are down");
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].child) break_law("end", "something of " + name_of(servers_[i].id) + " is left");
  }
  if (!bound_.empty()) break_law("end", "port " + std::to_string(*bound_.begin()) + " is still bound");
  if (!leased_.empty()) break_law("end", "port " + std::to_string(*leased_.begin()) + " is still leased");
  if (desk_->berths() != 0 || !berth_of_.empty()) break_law("end", "a berth was not given back");
}

}  // namespace berth::sim
