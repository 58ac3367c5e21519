#include "chaos/world.hpp"

#include <algorithm>
#include <functional>

namespace chaos {
namespace {

using Words = std::vector<std::string>;

struct Kind {
  const char* name;
  int weight;
  bool behaves;
  std::function<Words(Dice&)> args;
};

std::string with(const char* option, int value) {
  return option + std::to_string(value);
}

Kind fixed(const char* name, int weight, bool behaves, const Words& args) {
  return {name, weight, behaves, [args](Dice&) { return args; }};
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      fixed("plain", 130, true, {}),
      fixed("polite", 10, true, {"--slow-stop-ms=300"}),
      fixed("shell", 8, true, {}),
      {"slow", 12, true, [](Dice& dice) { return Words{with("--listen-delay-ms=", dice.between(300, 2500))}; }},
      // who find their port taken
      fixed("lies", 5, true, {"--on-busy=exit0-lie"}),
      fixed("silent1", 3, true, {"--on-busy=exit1-silent"}),
      fixed("silent2", 3, true, {"--on-busy=exit2-silent"}),
      fixed("silent0", 2, true, {"--on-busy=exit0-silent"}),
      fixed("moves", 6, true, {"--on-busy=shift"}),
      fixed("stays", 3, true, {"--on-busy=stay"}),
      fixed("stays-silent", 3, true, {"--on-busy=stay-silent"}),
      fixed("retries", 3, true, {"--on-busy=retry"}),
      fixed("noreuse", 6, true, {"--no-reuseaddr"}),
      fixed("noreuse-stays", 4, true, {"--no-reuseaddr", "--on-busy=stay"}),
      // With TIME_WAIT on its port such a one looks like any crash for a minute.
      fixed("noreuse-silent", 2, false, {"--no-reuseaddr", "--on-busy=exit1-silent"}),
      // who do not go when asked, or leave somebody behind
      fixed("stubborn", 5, true, {"--ignore-sigterm"}),
      fixed("daemon", 6, true, {"--fork-grandchild"}),
      fixed("daemon-deaf", 3, true, {"--fork-grandchild", "--grandchild-ignores-sigterm"}),
      fixed("wiped", 4, true, {"--fork-grandchild", "--grandchild-clears-env"}),
      fixed("wiped-deaf", 2, true, {"--fork-grandchild", "--grandchild-clears-env", "--grandchild-ignores-sigterm"}),
      fixed("pipe", 4, true, {"--fork-grandchild", "--grandchild-keeps=pipe"}),
      {"flood", 4, true, [](Dice& dice) { return Words{with("--flood=", dice.between(20'000, 400'000))}; }},
      fixed("two-ports", 2, true, {"--two-ports"}),
      // who cannot work
      {"crashes", 8, false,
       [](Dice& dice) {
         return Words{with("--exit-after-ms=", dice.between(200, 6000)), with("--exit=", dice.between(0, 3))};
       }},
      {"bridge", 3, false,
       [](Dice& dice) {
         return Words{with("--listen-then-exit-ms=", dice.between(0, 1500)), "--exit=127"};
       }},
      {"segfault", 2, false,
       [](Dice& dice) {
         return Words{"--kill-self=SIGSEGV", with("--exit-after-ms=", dice.between(0, 3000))};
       }},
      fixed("exits", 2, false, {"--exit=3"}),
      fixed("exit0", 2, false, {"--say=Server listening on http://localhost/mcp", "--exit=0"}),
      fixed("deaf", 2, false, {"--never-listen"}),
      fixed("mute", 1, false, {"--http=silent"}),
      fixed("neighbour", 1, false, {"--port-offset=1"}),
      {"stops-listening", 3, false,
       [](Dice& dice) { return Words{with("--close-listener-after-ms=", dice.between(500, 5000))}; }},
      fixed("missing", 1, false, {}),
  };
  return all;
}

const Kind& draw_kind(Dice& dice) {
  std::vector<int> weights;
  for (const Kind& kind : kinds()) weights.push_back(kind.weight);
  return kinds()[dice.weighted(weights)];
}

std::string padded(int index) {
  const std::string digits = std::to_string(index);
  return "s" + std::string(3 - std::min<std::size_t>(3, digits.size()), '0') + digits;
}

int spare_ports(int servers) {
  return servers / 3 + 16;  // for thieves, and for those who move
}

// Between the range and the fixed ports: who moves beyond the range must not end on somebody's fixed port.
constexpr int gap = 4;

int fixed_ports(int servers) {
  return servers / 20 + 1;
}

std::string ms(Milliseconds duration) {
  return std::to_string(duration.count()) + "ms";
}

}  // namespace

World::World(const Options& options, std::string project, Dice& dice)
    : project_(std::move(project)),
      all_ports_(harness::free_port_range(options.servers + spare_ports(options.servers) + gap +
                                          fixed_ports(options.servers))),
      last_of_range_(all_ports_.last() - fixed_ports(options.servers) - gap),
      fixed_ports_left_(fixed_ports(options.servers)) {
  const harness::PortRange range(all_ports_.first(), last_of_range_, {});
  harness::ConfigText config(project_, range);
  config.ports("hold", !dice.chance(30));
  limits_.start_concurrency = dice.between(3, 16);
  config.supervisor("start_concurrency", limits_.start_concurrency).supervisor("shutdown_timeout", "20s");
  for (int i = 0; i < options.servers; ++i) add_server(options, dice, config, i);
  config_ = config.text();
}

void World::add_server(const Options& options, Dice& dice, harness::ConfigText& config, int index) {
  const Kind& kind = draw_kind(dice);
  ServerPlan plan;
  plan.kind = kind.name;
  plan.name = padded(index) + "-" + plan.kind;
  plan.behaves = kind.behaves;
  plan.enabled = !dice.chance(5);
  const int policy = dice.between(1, 100);
  if (policy > 80) plan.restart = policy > 92 ? "never" : "on-failure";

  auto& server = config.server(plan.name);
  Words words{tag(plan.name)};
  for (std::string& word : kind.args(dice)) words.push_back(std::move(word));
  if (plan.kind == "shell") {
    server.command("/bin/sh", {"-c", "'" + options.hostile + "' '" + words[0] + "' & wait"});
  } else if (plan.kind == "missing") {
    server.command("no-such-command-anywhere", {});
  } else {
    server.command(options.hostile, words);
  }
  // Without SO_REUSEADDR a server has to wait a minute for its own old connections, unless it may move.
  const bool may_be_fixed = plan.kind != "moves" && plan.kind != "neighbour" && !plan.kind.starts_with("noreuse");
  if (may_be_fixed && fixed_ports_left_ > 0 && dice.chance(8)) {
    plan.fixed_port = last_of_range_ + gap + fixed_ports_left_--;
    server.set("port", *plan.fixed_port);
  }
  if (plan.behaves && plan.enabled && dice.chance(12)) choose_dependencies(plan, dice);
  if (!plan.depends_on.empty()) server.set("depends_on", plan.depends_on);
  server.set("enabled", plan.enabled).set("restart", plan.restart);
  server.set("ready.settle", dice.chance(70) ? "50ms" : "300ms").set("ready.timeout", ms(limits_.ready_timeout));
  if (dice.chance(20)) server.set("ready.probe", "listen");
  server.set("health.interval", ms(limits_.health_interval)).set("health.failures", limits_.health_failures);
  server.set("backoff.initial", ms(Milliseconds(dice.between(10, 200))));
  server.set("backoff.max", ms(limits_.backoff_max)).set("backoff.jitter", 0.2).set("backoff.reset_after", "5s");
  server.set("stop.timeout", ms(limits_.stop_timeout)).set("conflict.attempts", 20);
  servers_.push_back(std::move(plan));
}

// On earlier ones only, which excludes a cycle.
void World::choose_dependencies(ServerPlan& plan, Dice& dice) const {
  std::vector<std::string> able;
  for (const ServerPlan& other : servers_) {
    if (other.behaves && other.enabled && other.kind != "slow") able.push_back(other.name);
  }
  for (int i = dice.between(1, 2); i > 0 && !able.empty(); --i) {
    // Near ones are preferred: they make chains.
    const int last = static_cast<int>(able.size()) - 1;
    const int at = dice.between(std::max(0, last - 6), last);
    plan.depends_on.push_back(able[static_cast<std::size_t>(at)]);
    able.erase(able.begin() + at);
  }
}

const ServerPlan* World::find(const std::string& name) const {
  const auto found =
      std::find_if(servers_.begin(), servers_.end(), [&name](const ServerPlan& plan) { return plan.name == name; });
  return found == servers_.end() ? nullptr : &*found;
}

}  // namespace chaos
