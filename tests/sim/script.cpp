#include "sim/script.hpp"

#include <algorithm>
#include <csignal>
#include <map>

namespace berth::sim {

namespace {

using namespace std::chrono_literals;

enum Purpose : std::uint64_t { of_script, of_config, of_manners, of_deeds, of_edition };

Deed draw_deed(Dice& dice) {
  const auto roll = dice.below(100);
  if (roll < 12) return Deed::start;
  if (roll < 22) return Deed::stop;
  if (roll < 32) return Deed::restart;
  if (roll < 38) return Deed::start_all;
  if (roll < 40) return Deed::go_down;
  if (roll < 41) return Deed::kill_all;
  if (roll < 46) return Deed::status;
  if (roll < 50) return Deed::reload;
  if (roll < 56) return Deed::takes_port;
  if (roll < 62) return Deed::takes_berth;
  if (roll < 70) return Deed::leaves_port;
  if (roll < 72) return Deed::no_processes;
  if (roll < 74) return Deed::no_descriptors;
  if (roll < 76) return Deed::suspend;
  if (roll < 78) return Deed::freeze;
  if (roll < 90) return Deed::kill_leader;
  if (roll < 94) return Deed::kill_grandchild;
  if (roll < 97) return Deed::stop_leader;
  return Deed::continue_leader;
}

std::vector<Happening> draw_happenings(Dice& dice, std::uint32_t count, std::uint32_t span_ms, std::uint32_t servers,
                                       std::uint32_t ports) {
  std::vector<Happening> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    Happening happening{Duration{dice.below(span_ms)}, draw_deed(dice), 0, dice.below(1'000'000)};
    const bool of_port = happening.deed == Deed::takes_port || happening.deed == Deed::leaves_port;
    happening.who = dice.below(of_port ? ports : servers);
    // Things that belong together happen at once more often than chance would have it.
    if (!all.empty() && dice.chance(25)) happening.at = all.back().at + Duration{dice.below(3)};
    all.push_back(happening);
  }
  std::multimap<Duration, Happening> by_time;  // which keeps the order of those at one time
  for (const Happening& happening : all) by_time.emplace(happening.at, happening);
  std::transform(by_time.begin(), by_time.end(), all.begin(), [](const auto& entry) { return entry.second; });
  return all;
}

}  // namespace

std::string name_of(unsigned id) {
  return "s" + std::to_string(id);
}

std::shared_ptr<ServerConfig> Script::config(unsigned id, unsigned edition) const {
  Dice dice(edition == 0 ? seed_for(seed, of_config, id) : seed_for(seed, of_edition, id, edition));
  auto config = std::make_shared<ServerConfig>();
  config->name = name_of(id);
  config->command = "child";
  config->enabled = !dice.chance(10);
  config->restart = dice.one_of({RestartPolicy::always, RestartPolicy::always, RestartPolicy::always,
                                 RestartPolicy::on_failure, RestartPolicy::never});
  config->ready.probe = dice.one_of({Probe::http, Probe::http, Probe::http, Probe::listen, Probe::none});
  config->ready.settle = dice.one_of({0ms, 100ms, 500ms});
  config->ready.timeout = dice.one_of({1'000ms, 5'000ms, 20'000ms, 60'000ms});
  config->health.probe = dice.one_of({Probe::http, Probe::listen, Probe::none, Probe::none});
  config->health.interval = dice.one_of({1'000ms, 10'000ms, 60'000ms});
  config->health.failures = dice.one_of({1U, 2U, 3U});
  config->backoff.initial = dice.one_of({0ms, 1ms, 100ms, 500ms});
  config->backoff.max = dice.one_of({1'000ms, 30'000ms});
  config->backoff.jitter = dice.one_of({0.0, 0.2, 1.0});
  config->backoff.reset_after = dice.one_of({1'000ms, 60'000ms});
  config->backoff.give_up_after = dice.one_of({0U, 0U, 0U, 3U});
  config->stop.timeout = dice.one_of({0ms, 1'000ms, 10'000ms});
  config->conflict.attempts = dice.one_of({0U, 1U, 10U, 10U});
  if (dice.chance(8)) config->fixed_port = static_cast<Port>(40'000 + id % 10'000);
  // One that some other server may have at the time.
  if (edition > 0 && dice.chance(15)) config->fixed_port = static_cast<Port>(range.first + id % range.size());
  if (tame) {
    config->fixed_port.reset();
    config->enabled = dice.chance(60);  // there are 64,512 ports for 100,000 servers
    config->restart = RestartPolicy::always;
    config->backoff.give_up_after = 0;
  }
  for (unsigned needs = dice.chance(30) ? dice.between(1, 2) : 0; needs > 0 && id > 0; --needs) {
    const unsigned need = dice.chance(50) ? dice.below(id) : id - 1 - dice.below(std::min(id, 3U));
    if (!absent.contains(need) && need / 50 == id / 50) config->depends_on.push_back(name_of(need));
  }
  std::sort(config->depends_on.begin(), config->depends_on.end());
  config->depends_on.erase(std::unique(config->depends_on.begin(), config->depends_on.end()), config->depends_on.end());
  return config;
}

Manners Script::manners(unsigned id, unsigned launch) const {
  Manners manners;
  if (well_behaved.contains({id, launch})) return manners;
  Dice dice(seed_for(seed, of_manners, id, launch));
  manners.listens_after = Duration{dice.chance(60) ? dice.below(200) : dice.below(3'000)};
  manners.obeys_after = Duration{dice.below(300)};
  if (tame) {
    if (dice.chance(80)) manners.ends_after = Duration{dice.below(60'000)};
    manners.status = {.code = 1};
    return manners;
  }
  if (dice.chance(45)) return manners;
  manners.can_be_launched = !dice.chance(3);
  manners.reuses_address = !dice.chance(20);
  manners.meets_leftovers = dice.chance(4);
  manners.ignores_port = dice.chance(8);
  manners.listens = !dice.chance(10);
  manners.answers = !dice.chance(10);
  manners.fickle = dice.chance(5);
  if (dice.chance(10)) manners.loses_listener_after = Duration{dice.below(20'000)};
  if (dice.chance(40)) manners.ends_after = Duration{dice.chance(30) ? dice.below(5) : dice.below(30'000)};
  manners.status = {.code = static_cast<int>(dice.below(3))};
  if (dice.chance(20)) manners.status = {.signal = dice.one_of({SIGSEGV, SIGKILL, SIGABRT})};
  manners.status.core_dumped = manners.status.signal == SIGSEGV;
  manners.status.out_of_memory = manners.status.signal == SIGKILL && dice.chance(50);
  manners.when_taken = static_cast<WhenTaken>(dice.below(7));
  if (dice.chance(15)) manners.obeys_after = Duration{-1};
  manners.has_grandchild = dice.chance(25);
  manners.grandchild_stays = dice.chance(60);
  manners.grandchild_obeys = dice.chance(60);
  manners.escapes_a_kill = dice.chance(30);
  return manners;
}

Script write_script(std::uint64_t seed) {
  Dice dice(seed_for(seed, of_script));
  Script script;
  script.seed = seed;
  script.servers = dice.between(1, 12);
  script.start_concurrency = dice.one_of({1U, 2U, 3U, 8U});
  script.shutdown_timeout = dice.one_of({0ms, 1'000ms, 30'000ms});
  const auto ports = static_cast<Port>(dice.chance(70) ? script.servers + dice.below(6) : dice.between(1, 4));
  script.range = {50'000, static_cast<Port>(50'000 + ports - 1)};
  script.hold = dice.chance(80);
  Dice deeds(seed_for(seed, of_deeds));
  const auto span = dice.one_of({5'000U, 60'000U, 600'000U});
  script.happenings = draw_happenings(deeds, dice.between(0, 120), span, script.servers, ports);
  script.happenings.insert(script.happenings.begin(), Happening{0ms, Deed::start_all, 0, 0});
  return script;
}

Script write_large_script(std::uint64_t seed, unsigned servers, unsigned minutes) {
  Script script;
  script.seed = seed;
  script.servers = servers;
  script.start_concurrency = std::max(8U, servers / 20);
  script.range = {1'024, 65'535};
  script.tame = true;
  Dice deeds(seed_for(seed, of_deeds));
  const std::uint32_t ports = script.range.size();
  script.happenings = draw_happenings(deeds, servers * minutes / 10, minutes * 60'000, servers, ports);
  std::erase_if(script.happenings, [&](const Happening& happening) {
    switch (happening.deed) {
      case Deed::go_down:
      case Deed::kill_all:
      case Deed::start_all: return true;
      // What concerns all of them happens as often as in a small world.
      case Deed::no_processes:
      case Deed::no_descriptors:
      case Deed::suspend:
      case Deed::freeze:
      case Deed::status:
      case Deed::reload: return deeds.below(servers / 10) != 0;
      default: return false;
    }
  });
  script.happenings.insert(script.happenings.begin(), Happening{0ms, Deed::start_all, 0, 0});
  return script;
}

std::string to_string(const Happening& happening, const PortRange& range) {
  const std::string server = name_of(happening.who);
  const auto port = [&] { return std::to_string(range.first + happening.who % range.size()); };
  switch (happening.deed) {
    case Deed::start: return "a person starts " + server;
    case Deed::stop: return "a person stops " + server;
    case Deed::restart: return "a person restarts " + server;
    case Deed::start_all: return "a person starts all";
    case Deed::go_down: return "a person takes all down";
    case Deed::kill_all: return "a person has no patience: all are killed";
    case Deed::status: return "a person asks for the status";
    case Deed::reload: return "the file has changed, and is read again";
    case Deed::takes_port: return "a stranger takes port " + port();
    case Deed::takes_berth: return "a stranger takes the berth of " + server;
    case Deed::leaves_port: return "a stranger leaves port " + port();
    case Deed::no_processes: return "no process can be made for a while";
    case Deed::no_descriptors: return "there are no descriptors for a while";
    case Deed::suspend: return "the machine is paused for a while";
    case Deed::freeze: return "the supervisor is frozen for a while";
    case Deed::kill_leader: return "somebody kills the leader of " + server;
    case Deed::kill_grandchild: return "somebody kills the grandchild of " + server;
    case Deed::stop_leader: return "somebody stops the leader of " + server + " (SIGSTOP)";
    case Deed::continue_leader: return "somebody continues the leader of " + server;
  }
  return "?";
}

}  // namespace berth::sim
