#include "config/reload_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/fields.hpp"

namespace berth::config {
namespace {

using Names = std::map<std::string_view, const ServerConfig*>;

Names by_name(const Config& config) {
  Names all;
  for (const ServerConfig& server : config.servers) all.emplace(server.name, &server);
  return all;
}

bool has_the_same_command(const ServerConfig& before, const ServerConfig& after) {
  return before.command == after.command && before.args == after.args && before.cwd == after.cwd;
}

// What a server runs tells who it is only where no other server of the same file runs that.
bool is_the_only_one(const ServerConfig& server, const Names& all) {
  return std::ranges::count_if(all, [&](const auto& one) { return has_the_same_command(*one.second, server); }) == 1;
}

// Of the servers that are in one of both files only: those that are the same under another name.
std::map<std::string_view, const ServerConfig*> renamed(const Names& before, const Names& after) {
  std::map<std::string_view, const ServerConfig*> found;
  for (const auto& [name, server] : after) {
    if (before.contains(name) || !is_the_only_one(*server, after)) continue;
    for (const auto& [old_name, old] : before) {
      const bool is_gone = !after.contains(old_name);
      if (is_gone && has_the_same_command(*old, *server) && is_the_only_one(*old, before)) found.emplace(name, old);
    }
  }
  return found;
}

ServerChange compare(const ServerConfig& before, const ServerConfig& after) {
  ServerChange change{.name = after.name};
  if (before.name != after.name) change.was = before.name;
  for (const Field* field : differences(before, after)) {
    if (field->key == "name") {
      change.fate = Fate::restarted;
      continue;
    }
    change.keys.push_back(spoken_name(*field));
    if (change.fate != Fate::restarted) change.fate = field->change == Change::restart ? Fate::restarted : Fate::live;
  }
  // Another value of a secret is a change of where it stands.
  if (change.keys.size() > 1) std::erase(change.keys, "secrets");
  change.starts = after.enabled && !before.enabled;
  change.stops = before.enabled && !after.enabled;
  if (change.starts) change.note = "is enabled and started";
  if (change.stops) change.note = "is disabled and stopped";
  return change;
}

// A fixed port is its owner's: whoever else sits there moves.
void make_room(const Config& after, const std::map<std::string, Port>& berths, ReloadPlan& plan) {
  std::map<Port, std::string_view> owners;
  for (const ServerConfig& server : after.servers) {
    if (server.fixed_port && server.enabled) owners.emplace(*server.fixed_port, server.name);
  }
  for (ServerChange& change : plan.servers) {
    if (change.fate != Fate::live && change.fate != Fate::unchanged) continue;
    const auto berth = berths.find(change.name);
    if (berth == berths.end()) continue;
    const auto owner = owners.find(berth->second);
    if (owner == owners.end() || owner->second == change.name) continue;
    change.fate = Fate::restarted;
    change.moves = true;
    change.note = fmt::format("its port {} is fixed for `{}` from now on", berth->second, owner->second);
  }
}

std::string line(const ServerChange& change) {
  std::string text = fmt::format("{:<12} {}", to_string(change.fate), change.name);
  if (change.was) text += fmt::format(" (was {})", *change.was);
  if (!change.keys.empty()) text += fmt::format(": {}", fmt::join(change.keys, ", "));
  if (!change.note.empty()) text += fmt::format("; {}", change.note);
  return text;
}

}  // namespace

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::added: return "added";
    case Fate::removed: return "removed";
    case Fate::restarted: return "restarted";
    case Fate::live: return "applied live";
    case Fate::unchanged: return "unchanged";
  }
  return "?";
}

std::vector<const ServerChange*> ReloadPlan::of(Fate fate) const {
  std::vector<const ServerChange*> found;
  for (const ServerChange& change : servers) {
    if (change.fate == fate) found.push_back(&change);
  }
  return found;
}

bool ReloadPlan::changes_nothing() const {
  return live_keys.empty() && of(Fate::unchanged).size() == servers.size();
}

ReloadPlan plan_reload(const Config& before, const Config& after, const std::map<std::string, Port>& berths) {
  ReloadPlan plan;
  for (const Field* field : differences(before, after)) {
    (field->change == Change::supervisor ? plan.waiting_keys : plan.live_keys).push_back(dotted_name(*field));
  }
  const Names old = by_name(before);
  const Names now = by_name(after);
  const auto names = renamed(old, now);
  std::set<std::string_view> kept;
  for (const ServerConfig& server : after.servers) {
    const auto same = old.find(server.name);
    const auto other = names.find(server.name);
    const ServerConfig* was = same != old.end() ? same->second : other != names.end() ? other->second : nullptr;
    if (was != nullptr) {
      kept.insert(was->name);
      plan.servers.push_back(compare(*was, server));
    } else {
      plan.servers.push_back({.name = server.name,
                              .fate = Fate::added,
                              .note = server.enabled ? "" : "not enabled: `berth start " + server.name + "` starts it",
                              .starts = server.enabled});
    }
  }
  make_room(after, berths, plan);
  for (const ServerConfig& server : before.servers) {
    if (!kept.contains(server.name)) plan.servers.push_back({.name = server.name, .fate = Fate::removed});
  }
  return plan;
}

Config carried_out(const Config& before, Config after) {
  after.name = before.name;
  after.path = before.path;
  after.ports = before.ports;
  after.metrics = before.metrics;
  after.supervisor.log_level = before.supervisor.log_level;
  after.supervisor.log_format = before.supervisor.log_format;
  return after;
}

std::vector<std::string> lines(const ReloadPlan& plan) {
  std::vector<std::string> all;
  for (const Fate fate : {Fate::added, Fate::removed, Fate::restarted, Fate::live}) {
    for (const ServerChange* change : plan.of(fate)) all.push_back(line(*change));
  }
  if (!plan.live_keys.empty()) all.push_back(fmt::format("{:<12} {}", "applied live", fmt::join(plan.live_keys, ", ")));
  if (!plan.waiting_keys.empty()) {
    all.push_back(fmt::format("not yet      {}: takes effect with `berth down` and `berth up`",
                              fmt::join(plan.waiting_keys, ", ")));
  }
  const auto count = [&plan](Fate fate) { return plan.of(fate).size(); };
  all.push_back(fmt::format("{} added, {} removed, {} restarted, {} applied live, {} unchanged", count(Fate::added),
                            count(Fate::removed), count(Fate::restarted), count(Fate::live), count(Fate::unchanged)));
  return all;
}

}  // namespace berth::config
