#pragma once
// The project of a run: many servers, most of them well-behaved, the others each with a bad habit.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "chaos/dice.hpp"
#include "chaos/options.hpp"
#include "support/config_text.hpp"
#include "support/ports.hpp"

namespace chaos {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

struct ServerPlan {
  std::string name;
  std::string kind;
  bool behaves = true;  // becomes ready when it is left alone
  bool enabled = true;
  std::optional<int> fixed_port;
  std::vector<std::string> depends_on;
  std::string restart = "always";
};

// The times are short, so that much happens; the rules allow for them.
struct Limits {
  Milliseconds ready_timeout = 8s;
  Milliseconds stop_timeout = 1s;
  Milliseconds backoff_max = 1s;
  Milliseconds health_interval = 1s;
  int health_failures = 2;
  int start_concurrency = 12;
};

class World {
 public:
  World(const Options& options, std::string project, Dice& dice);

  [[nodiscard]] const std::string& project() const { return project_; }
  [[nodiscard]] const std::vector<ServerPlan>& servers() const { return servers_; }
  [[nodiscard]] const ServerPlan* find(const std::string& name) const;
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] const std::string& config() const { return config_; }

  // Every port that may be used: the range, and a few fixed ones above it.
  [[nodiscard]] int first_port() const { return all_ports_.first(); }
  [[nodiscard]] int last_port() const { return all_ports_.last(); }
  [[nodiscard]] int last_of_range() const { return last_of_range_; }

  // On the command line of every process of this server, whatever it does with its environment.
  [[nodiscard]] std::string tag(const std::string& server) const { return "--tag=" + project_ + "." + server; }

 private:
  void add_server(const Options& options, Dice& dice, harness::ConfigText& config, int index);
  void choose_dependencies(ServerPlan& plan, Dice& dice) const;

  std::string project_;
  harness::PortRange all_ports_;
  int last_of_range_;
  int fixed_ports_left_;
  Limits limits_;
  std::vector<ServerPlan> servers_;
  std::string config_;
};

}  // namespace chaos
