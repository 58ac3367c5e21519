#include "config/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/names.hpp"

namespace berth::config {
namespace {

using Index = std::unordered_map<std::string_view, std::size_t>;

Index check_names(std::span<const ServerRead> servers, Report& report) {
  Index index;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const std::string& name = servers[i].config.name;
    if (name.empty()) continue;  // reported
    if (name == "berth") {
      report.error(servers[i].name_at, "`berth` cannot be the name of a server: berth.log is Berth's own log",
                   "choose another name");
    }
    const auto [first, is_new] = index.try_emplace(name, i);
    if (is_new) continue;
    report.error(servers[i].name_at, fmt::format("duplicate server name {}", shown(name)),
                 fmt::format("the first one is in line {}", servers[first->second].name_at.line));
  }
  return index;
}

void check_ports(std::span<const ServerRead> servers, Report& report) {
  std::unordered_map<Port, const ServerRead*> owners;
  for (const ServerRead& server : servers) {
    if (!server.config.fixed_port) continue;
    const auto [owner, is_new] = owners.try_emplace(*server.config.fixed_port, &server);
    if (is_new) continue;
    report.error(server.port_at,
                 fmt::format("{} and {} have the same fixed port {}", shown(owner->second->config.name),
                             shown(server.config.name), *server.config.fixed_port),
                 "`port = \"auto\"` gives each its own");
  }
}

void check_targets(std::span<const ServerRead> servers, const Index& index, Report& report) {
  constexpr std::size_t most_suggestions = 50;  // each costs a look at all names
  std::vector<std::string_view> names;
  for (const auto& [name, place] : index) names.push_back(name);
  std::ranges::sort(names);
  std::size_t suggestions = 0;
  for (const ServerRead& server : servers) {
    for (const auto& [name, at] : server.depends_on) {
      const auto found = index.find(name);
      if (found == index.end()) {
        const std::string_view near = ++suggestions > most_suggestions ? "" : nearest(name, names);
        report.error(at, fmt::format("unknown server {} in `depends_on`{}", shown(name),
                                     near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
      } else if (server.config.enabled && !servers[found->second].config.enabled) {
        report.warning(at, fmt::format("{} depends on {}, which is disabled", shown(server.config.name), shown(name)),
                       "it waits until somebody starts that");
      }
    }
  }
}

// Depth first without recursion: a chain may be as long as the file is.
class CycleFinder {
 public:
  CycleFinder(std::span<const ServerRead> servers, const Index& index, Report& report)
      : servers_(servers), index_(index), report_(report), marks_(servers.size(), Mark::unseen) {}

  void run() {
    for (std::size_t start = 0; start < servers_.size(); ++start) {
      if (marks_[start] == Mark::unseen) walk(start);
    }
  }

 private:
  enum class Mark { unseen, on_path, done };
  struct Step {
    std::size_t server;
    std::size_t next = 0;  // of its dependencies
  };

  void enter(std::size_t server) {
    marks_[server] = Mark::on_path;
    path_.push_back({server});
  }

  void walk(std::size_t start) {
    enter(start);
    while (!path_.empty()) {
      Step& step = path_.back();
      const auto& dependencies = servers_[step.server].depends_on;
      if (step.next == dependencies.size()) {
        marks_[step.server] = Mark::done;
        path_.pop_back();
        continue;
      }
      const auto& dependency = dependencies[step.next++];
      const auto found = index_.find(dependency.name);
      if (found == index_.end()) continue;  // reported
      if (marks_[found->second] == Mark::on_path) report_cycle(found->second, dependency.at);
      if (marks_[found->second] == Mark::unseen) enter(found->second);
    }
  }

  void report_cycle(std::size_t first, Position at) {
    constexpr std::size_t longest_shown = 20;
    auto step = std::ranges::find(path_, first, &Step::server);
    std::string text;
    for (std::size_t count = 0; step != path_.end(); ++step, ++count) {
      if (count == longest_shown) text += "… -> ";
      if (count < longest_shown) text += servers_[step->server].config.name + " -> ";
    }
    report_.error(at, fmt::format("dependency cycle: {}{}", text, servers_[first].config.name));
  }

  std::span<const ServerRead> servers_;
  const Index& index_;
  Report& report_;
  std::vector<Mark> marks_;
  std::vector<Step> path_;
};

}  // namespace

void check_metrics_port(std::span<const ServerRead> servers, unsigned port, Report& report) {
  for (const ServerRead& server : servers) {
    if (!server.config.fixed_port || *server.config.fixed_port != port) continue;
    report.error(server.port_at, fmt::format("{} has the port {} of `metrics.port`", shown(server.config.name), port),
                 "choose another for one of them");
  }
}

void check_together(std::span<const ServerRead> servers, Report& report) {
  const Index index = check_names(servers, report);
  check_ports(servers, report);
  check_targets(servers, index, report);
  CycleFinder(servers, index, report).run();
}

}  // namespace berth::config
