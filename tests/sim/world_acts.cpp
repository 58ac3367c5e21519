// What the core wants done to the machine.

#include <algorithm>

#include "sim/world.hpp"

namespace berth::sim {

using namespace std::chrono_literals;

std::optional<core::PortBinder::Trouble> World::bind(Port port) {
  const std::string place = "port " + std::to_string(port);
  if (time_ < no_descriptors_until_) return Trouble{false, true, "", "cannot bind " + place + ": too many open files"};
  if (const auto holder = listeners_.find(port); holder != listeners_.end()) {
    const std::string name =
        holder->second == a_stranger ? "stranger" : name_of(servers_[static_cast<std::size_t>(holder->second)].id);
    return Trouble{true, false, name + " (pid 7)", place + " is held by " + name + " (pid 7)"};
  }
  if (!bound_.insert(port).second) break_law("bound-twice", place + " is bound twice by the supervisor itself");
  leased_.insert(port);
  return std::nullopt;
}

void World::unbind(Port port) {
  if (bound_.erase(port) == 0) break_law("unbound", "unbinds port " + std::to_string(port) + ", which is not bound");
}

void World::leave(Port port) {
  bound_.erase(port);
  if (leased_.erase(port) == 0) break_law("unleased", "leaves port " + std::to_string(port) + ", which it has not");
}

void World::perform(std::size_t server, const core::ClaimPort& claim) {
  SimServer& it = servers_[server];
  check_claim(server);
  const auto fixed = governor_->config(server)->fixed_port;
  const std::vector<DeadPort> dead = script_.tame ? std::vector<DeadPort>{} : desk_->registry().dead();
  const auto port =
      fixed ? desk_->claim_fixed(*fixed, claim.held && claim.prefer == fixed) : desk_->claim(claim, steady());
  if (!port) {
    if (it.port) berth_of_.erase(*it.port);
    it.port.reset();
    tell_of(server, "gets no port: ", port.error().message);
    return post(server, port.error());
  }
  const bool was_dead = std::any_of(dead.begin(), dead.end(), [&](const DeadPort& d) { return d.port == *port; });
  check_claimed(server, claim, *port, was_dead);
  if (it.port && *it.port != *port) berth_of_.erase(*it.port);
  it.port = *port;
  berth_of_[*port] = server;
  tell_of(server, "gets port ", std::to_string(*port));
  post(server, core::PortClaimed{*port});
}

void World::perform(std::size_t server, const core::ReleasePort& release) {
  check_given_back(server, release.port);
  desk_->release(release.port);
  tell_of(server, "gives back port ", std::to_string(release.port));
}

void World::perform(std::size_t server, const core::CondemnPort& condemn) {
  ++servers_[server].conflicts;
  check_given_back(server, condemn.port);
  desk_->condemn(condemn.port, condemn.reason, condemn.holder);
  if (script_.range.contains(condemn.port) && !desk_->registry().is_dead(condemn.port)) {
    break_law("dead-port", "port " + std::to_string(condemn.port) + " was condemned and is not dead");
  }
  tell_of(server, "leaves port ", std::to_string(condemn.port), ", dead: held by ", condemn.holder);
}

void World::perform(std::size_t server, const core::RestPort& rest) {
  ++servers_[server].conflicts;
  check_given_back(server, rest.port);
  desk_->rest(rest.port, steady());
  tell_of(server, "leaves port ", std::to_string(rest.port), " to rest");
}

void World::perform(std::size_t server, const core::Launch& launch) {
  SimServer& it = servers_[server];
  check_launch(server, launch);
  if (!script_.hold || !launch.hold) desk_->let_go_of_hold(launch.port);
  if (time_ < no_processes_until_ || time_ < no_descriptors_until_) {
    tell_of(server, "cannot be launched for now");
    return post(server, core::NotLaunched{core::Cause::spawn_failed, "fork: no room"});
  }
  const unsigned nth = it.launches++;
  const Manners manners = script_.manners(it.id, nth);
  if (!script_.tame && !script_.well_behaved.contains({it.id, nth})) outcome_.ill_behaved.emplace_back(it.id, nth);
  if (!manners.can_be_launched) {
    tell_of(server, "cannot be launched: no such command");
    return post(server, core::NotLaunched{core::Cause::command_not_found, "no such command"});
  }
  ++outcome_.launches;
  ++it.launched;
  it.child.emplace();
  Child& child = *it.child;
  child.launch = nth;
  child.manners = manners;
  child.berth = launch.port;
  child.grandchild = manners.has_grandchild;
  tell_of(server, "is launched on port ", std::to_string(launch.port), launch.hold ? "" : ", without a hold");
  if (manners.listens) schedule(manners.listens_after, What::listens, server, nth);
  if (manners.ends_after >= 0ms) schedule(manners.ends_after, What::leader_ends, server, nth);
  post(server, core::Launched{});
  if (it.haunted > 0) {
    --it.haunted;
    stranger_takes(launch.port, 20s);
  }
  schedule(2ms, What::look, server, nth);
}

// To the leader's group; to what has left it only when the leader is gone.
void World::perform(std::size_t server, const core::SignalTree&) {
  if (!servers_[server].child) return;
  Child& child = *servers_[server].child;
  check_alarm(server);
  if (child.leader) {
    child.stopped = false;  // SIGCONT comes with it
    if (child.manners.obeys_after < 0ms || std::exchange(child.hurried, true)) return;
    return schedule(child.manners.obeys_after, What::leader_ends, server, child.launch, 15);
  }
  if (child.grandchild && child.reaped && child.manners.grandchild_obeys) {
    schedule(5ms, What::grandchild_ends, server, child.launch);
  }
}

void World::perform(std::size_t server, const core::KillTree&) {
  if (!servers_[server].child) return;
  Child& child = *servers_[server].child;
  tell_of(server, "its tree is killed");
  if (std::exchange(child.manners.escapes_a_kill, false)) {
    if (child.leader) schedule(1ms, What::leader_ends, server, child.launch, 9);
    return;  // the grandchild was just being forked
  }
  if (child.leader) schedule(Duration{dice_.below(3)}, What::leader_ends, server, child.launch, 9);
  if (child.grandchild) schedule(Duration{dice_.below(3)}, What::grandchild_ends, server, child.launch);
}

void World::perform(std::size_t server, const core::LookForListeners&) {
  if (agenda_.empty()) ++quiet_checks_;
  if (servers_[server].child) schedule(2ms, What::look, server, servers_[server].child->launch);
}

void World::perform(std::size_t server, const core::StartProbe&) {
  if (agenda_.empty()) ++quiet_checks_;
  if (!servers_[server].child) return;
  Child& child = *servers_[server].child;
  child.probed = true;
  schedule(Duration{dice_.below(20)}, What::probe, server, child.launch, ++child.probes);
}

void World::perform(std::size_t server, const core::CancelProbe&) {
  if (servers_[server].child) servers_[server].child->probed = false;
}

void World::perform(std::size_t server, const core::Report& report) {
  quiet_checks_ = 0;
  tell_of(server, core::to_string(report.from).data(), " → ", core::to_string(report.to).data(),
          report.cause ? std::string(" (") + core::to_string(*report.cause).data() + ")" : std::string{},
          report.message.empty() ? "" : ": ", report.message);
}

}  // namespace berth::sim
