// Children, and strangers on their ports.

#include <algorithm>

#include "sim/world.hpp"

namespace berth::sim {

using namespace std::chrono_literals;

bool World::listen_on(std::size_t server, Port port) {
  Child& child = *servers_[server].child;
  const bool blocked = (bound_.contains(port) && !child.manners.reuses_address) ||
                       (child.manners.meets_leftovers && port == child.berth);
  if (listeners_.contains(port) || blocked) return false;
  listeners_[port] = static_cast<std::int64_t>(server);
  child.listens = port;
  child.grandchild_listens = child.grandchild;
  if (child.manners.loses_listener_after >= 0ms) {
    schedule(child.manners.loses_listener_after, What::loses_listener, server, child.launch);
  }
  tell_of(server, "listens on ", std::to_string(port));
  listeners_changed(port);
  listeners_changed(child.berth);
  return true;
}

void World::child_listens(std::size_t server) {
  const Child& child = *servers_[server].child;
  if (!child.leader || child.listens) return;
  const Port port = child.manners.ignores_port ? static_cast<Port>(30'000 + servers_[server].id % 10'000) : child.berth;
  if (!listen_on(server, port)) meets_taken_port(server, port);
}

void World::says_taken(std::size_t server) {
  Child& child = *servers_[server].child;
  child.said_taken = true;
  if (governor_->life(server).phase() == core::PhaseKind::starting) {
    post(server, core::SaidTaken{"address already in use"});
  }
}

void World::meets_taken_port(std::size_t server, Port port) {
  Child& child = *servers_[server].child;
  tell_of(server, "finds port ", std::to_string(port), " taken");
  const auto ends = [&](int code) {
    child.manners.status = {.code = code};
    schedule(Duration{dice_.below(5)}, What::leader_ends, server, child.launch);
  };
  switch (child.manners.when_taken) {
    case WhenTaken::says_so_and_ends: says_taken(server); return ends(1);
    case WhenTaken::ends_silently: return ends(1);
    case WhenTaken::ends_with_zero: return ends(0);
    case WhenTaken::says_so_and_moves_on: says_taken(server); [[fallthrough]];
    case WhenTaken::moves_on:
      for (Port other = port; ++other != 0;) {
        if (listen_on(server, other)) return;
      }
      return;
    case WhenTaken::says_so_and_stays: return says_taken(server);
    case WhenTaken::stays_silently: return;
  }
}

void World::stop_listening(std::size_t server) {
  Child& child = *servers_[server].child;
  if (!child.listens) return;
  const Port port = *std::exchange(child.listens, std::nullopt);
  listeners_.erase(port);
  tell_of(server, "listens on ", std::to_string(port), " no more");
  listeners_changed(port);
  listeners_changed(child.berth);
}

void World::leader_ends(std::size_t server, core::ExitStatus status) {
  Child& child = *servers_[server].child;
  if (!child.leader) return;
  child.leader = false;
  child.status = status;
  tell_of(server, "its leader ends, ", status.signal != 0 ? "signal " : "code ",
          std::to_string(status.signal != 0 ? status.signal : status.code));
  if (!child.manners.grandchild_stays && child.grandchild) {
    child.grandchild = false;
    tell_of(server, "its grandchild ends with it");
  }
  if (!child.grandchild || !child.grandchild_listens) stop_listening(server);
  schedule(Duration{dice_.below(3)}, What::reap, server, child.launch);
}

void World::grandchild_ends(std::size_t server) {
  Child& child = *servers_[server].child;
  if (!std::exchange(child.grandchild, false)) return;
  tell_of(server, "its grandchild ends");
  if (child.grandchild_listens) stop_listening(server);
  if (child.reaped) schedule(Duration{dice_.below(3)}, What::clear, server, child.launch);
}

void World::reap(std::size_t server) {
  Child& child = *servers_[server].child;
  if (std::exchange(child.reaped, true)) return;
  core::Ended ended{.status = child.status};
  ended.said_taken = child.said_taken;
  ended.tree_left = child.grandchild;
  if (governor_->life(server).phase() == core::PhaseKind::starting) {
    ended.holder = holder_of_berth(server, ended.holder_name);
  }
  if (!ended.tree_left) servers_[server].child.reset();
  post(server, std::move(ended));
}

core::Holder World::holder_of_berth(std::size_t server, std::string& name) {
  const Port port = servers_[server].child->berth;
  if (const auto holder = listeners_.find(port); holder != listeners_.end()) {
    if (holder->second == static_cast<std::int64_t>(server)) return core::Holder::own_tree;
    name = "stranger (pid 7)";
    return core::Holder::stranger;
  }
  return desk_->holder_now(port, name);
}

void World::look(std::size_t server) {
  const auto& child = servers_[server].child;
  if (!child || child->reaped) return;
  core::ListenersSeen seen;
  if (const auto holder = listeners_.find(child->berth); holder != listeners_.end()) {
    seen.own_here = holder->second == static_cast<std::int64_t>(server);
    seen.stranger_here = !seen.own_here;
    if (seen.stranger_here) seen.stranger = "stranger (pid 7)";
  }
  servers_[server].child->unheard = seen.own_here ? 0 : child->unheard + 1;
  if (!seen.own_here && child->listens && *child->listens != child->berth) seen.own_elsewhere = child->listens;
  post(server, seen);
  urgent_ = true;
}

void World::answer_probe(std::size_t server, unsigned probe) {
  Child& child = *servers_[server].child;
  if (!child.probed || child.probes != probe || child.reaped) return;
  child.probed = false;
  const auto holder = listeners_.find(child.berth);
  const bool own = holder != listeners_.end() && holder->second == static_cast<std::int64_t>(server);
  const bool stranger = holder != listeners_.end() && !own;
  const bool answers = stranger || (own && child.something_lives() && !child.stopped && child.manners.answers);
  child.unanswered = answers ? 0 : child.unanswered + 1;
  const auto pulse = child.stopped ? core::Pulse::stopped : core::Pulse::idle;
  answers ? post(server, core::ProbePassed{}) : post(server, core::ProbeFailed{.message = "no answer", .pulse = pulse});
  if (answers && child.manners.fickle) stop_listening(server);
}

void World::stranger_takes(Port port, Duration time) {
  if (!listeners_.emplace(port, a_stranger).second) return;
  tell("a stranger listens on " + std::to_string(port));
  schedule(time, What::stranger_leaves, port);
  listeners_changed(port);
}

void World::stranger_leaves(Port port) {
  const auto holder = listeners_.find(port);
  if (holder == listeners_.end() || holder->second != a_stranger) return;
  listeners_.erase(holder);
  tell("the stranger on " + std::to_string(port) + " is gone");
  listeners_changed(port);
}

// The shell looks every few milliseconds while something starts.
void World::listeners_changed(Port port) {
  const auto berth = berth_of_.find(port);
  if (berth == berth_of_.end() || !servers_[berth->second].child) return;
  if (governor_->life(berth->second).phase() != core::PhaseKind::starting) return;
  schedule(Duration{2 + dice_.below(48)}, What::look, berth->second, servers_[berth->second].child->launch);
}

}  // namespace berth::sim
