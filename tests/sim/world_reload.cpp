// Another edition of the file, while much goes wrong.

#include <algorithm>
#include <set>

#include "sim/world.hpp"

namespace berth::sim {

// What this server is in the next edition: what it was, or something else.
std::shared_ptr<ServerConfig> World::next_edition(std::size_t server, Dice& dice) const {
  const bool known = governor_->has(server);
  if (known && dice.chance(60)) return std::make_shared<ServerConfig>(*governor_->config(server));
  return script_.config(servers_[server].id, edition_);
}

void World::reload() {
  // As the host does: what has been asked for is answered before anything else is read.
  while (!queue_.empty() && !outcome_.broken) handle_next_event();
  if (governor_->going_down()) return;
  Dice dice(seed_for(script_.seed, 80, ++edition_));
  const bool all_back = dice.chance(40);
  std::set<std::string> names;
  core::Governor::Servers listed;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const bool here = governor_->has(i) && !governor_->is_departing(i);
    if (here ? dice.chance(20) : !all_back) continue;
    listed.push_back(i);
    names.insert(name_of(servers_[i].id));
  }
  std::vector<core::Governor::Place> places;
  std::vector<Port> fixed;
  core::Governor::Servers again;
  core::Governor::Servers up;
  for (const std::size_t i : listed) {
    auto config = next_edition(i, dice);
    std::erase_if(config->depends_on, [&](const std::string& name) { return !names.contains(name); });
    if (config->fixed_port && std::find(fixed.begin(), fixed.end(), *config->fixed_port) != fixed.end()) {
      config->fixed_port.reset();
    }
    if (config->fixed_port) fixed.push_back(*config->fixed_port);
    const bool here = governor_->has(i) && !governor_->is_departing(i);
    if (!here) up.push_back(i);
    if (here && (config->fixed_port != governor_->config(i)->fixed_port || dice.chance(10))) again.push_back(i);
    places.push_back({governor_->has(i) ? std::optional(i) : std::nullopt, std::move(config)});
  }
  tell("edition " + std::to_string(edition_) + " of the file lists " + std::to_string(listed.size()) + " servers");
  const auto was_here = [this](std::size_t i) { return governor_->has(i); };
  std::vector<bool> known;
  for (const std::size_t i : listed) known.push_back(was_here(i));
  for (auto& place : places) {
    if (!place.at) continue;
    // Who has a port that is another's from now on moves.
    const auto port = servers_[*place.at].port;
    place.moves =
        port && place.config->fixed_port != port && std::find(fixed.begin(), fixed.end(), *port) != fixed.end();
    if (place.moves) again.push_back(*place.at);
  }
  desk_->set_fixed_ports(fixed);
  const core::Acts acts = governor_->reload({script_.start_concurrency, script_.shutdown_timeout}, places, steady());
  for (std::size_t n = 0; n < listed.size(); ++n) {
    SimServer& it = servers_[listed[n]];
    if (places[n].at != listed[n]) break_law("places", name_of(it.id) + " has come back to another place");
    if (!known[n]) {
      it.launched = it.conflicts = it.restarts = 0;
      it.phase = core::PhaseKind::idle;
      it.was_fixed = false;
    }
    it.was_fixed = it.was_fixed || places[n].config->fixed_port.has_value();
  }
  perform(acts);
  std::erase_if(again, [this](std::size_t i) { return !governor_->life(i).wanted_up(); });
  std::erase_if(up, [this](std::size_t i) { return !governor_->config(i)->enabled; });
  perform(governor_->restart(again, steady()));
  perform(governor_->start(up, false, steady()));
}

void World::take_leave() {
  for (const std::size_t i : governor_->take_gone()) {
    tell_of(i, "has left");
    if (servers_[i].child) break_law("left-alive", name_of(servers_[i].id) + " has left, and something of it has not");
    if (servers_[i].port) break_law("left-alive", name_of(servers_[i].id) + " has left and has a port");
  }
}

}  // namespace berth::sim
