// What the status says, held against what /proc says. Both change all the time: most findings count only when the next
// document says the same.

#include <algorithm>
#include <set>

#include "chaos/witness.hpp"

namespace chaos {
namespace {

std::string text_of(pid_t pid) {
  return std::to_string(pid);
}

bool may_have_processes(const std::string& state) {
  return state == "starting" || state == "ready" || state == "unhealthy" || state == "stopping";
}

}  // namespace

void Witness::check_machine(const StatusView& status, const Census& census) {
  for (const ServerView& server : status.servers) {
    check_ready(server, census);
    check_leftovers(server, census);
    check_instances(server, census);
    check_order(server, status);
    check_progress(server, status);
    if (server.pid != 0) {
      doubt("a shown pid lives", &server, server.name, !census.lives(server.pid), text_of(server.pid), 2s,
            "pid " + text_of(server.pid) + " is gone", "");
    }
  }
  check_helpers(status, census);
}

void Witness::check_ready(const ServerView& server, const Census& census) {
  if (!server.ready || !server.port) {
    return doubt("ready means that its own tree listens", &server, server.name, false, "", 0ms, "", "");
  }
  const auto tree = census.tree(server.name, server.pid);
  const bool listens = census.listens(tree, *server.port);
  report_.count("ready servers verified");
  doubt("ready means that its own tree listens", &server, server.name, !listens,
        text_of(server.pid) + " " + server.started_at, 0ms, "nobody of its tree listens on its port",
        listens ? "" : census.describe(tree) + census.describe_port(*server.port));
}

// A server at rest has no process, and one that is to be started again has none of its last run.
void Witness::check_leftovers(const ServerView& server, const Census& census) {
  std::vector<const Process*> tree;
  if (!may_have_processes(server.state)) tree = census.tree(server.name, 0);
  doubt("no process at rest", &server, server.name, !tree.empty(),
        std::to_string(server.starts) + (tree.empty() ? "" : " " + text_of(tree.front()->pid)), 0ms,
        "processes live while it is " + server.state, tree.empty() ? "" : census.describe(tree));
}

// The next run begins when nothing of the last is left.
void Witness::check_instances(const ServerView& server, const Census& census) {
  std::set<std::string> instances;
  const auto tree = census.tree(server.name, 0);
  for (const Process* process : tree) {
    if (!process->instance.empty()) instances.insert(process->instance);
  }
  std::string token;
  for (const std::string& instance : instances) token += instance + " ";
  doubt("one run at a time", &server, server.name, instances.size() > 1, token, 0ms, "two runs live at once",
        instances.size() > 1 ? census.describe(tree) : "");
}

// A launch while a dependency was not ready. Both times come from one clock: a dependency that is not ready now has
// not been so since the start of this run of it, or since the end of its last.
void Witness::check_order(const ServerView& server, const StatusView& status) {
  const ServerPlan* plan = world_.find(server.name);
  if (plan == nullptr || server.started_at.empty()) return;
  for (const std::string& name : plan->depends_on) {
    const ServerView* needed = status.find(name);
    if (needed == nullptr || needed->ready || needed->state == "unhealthy" || needed->state == "stopping") continue;
    const std::string& since = needed->state == "starting" ? needed->started_at : needed->last_exit_at;
    const bool early = !since.empty() && server.started_at > since;
    doubt("a dependent starts after its dependencies", &server, server.name + " " + name, early, server.started_at, 0ms,
          "it was launched at " + server.started_at + ", and " + name + " has not been ready since " + since,
          "  " + needed->json + "\n" + (early ? keeper_.log_about(name) : ""));
  }
}

// Nothing takes for ever. The limits of the configuration, and a generous pause for a busy machine.
void Witness::check_progress(const ServerView& server, const StatusView& status) {
  const Limits& limits = world_.limits();
  const auto patience = 12s;
  const std::string token =
      server.state + " " + std::to_string(server.starts) + " " + std::to_string(server.conflicts) + server.started_at;
  const auto within = [&](const char* rule, bool in_state, std::chrono::milliseconds limit) {
    doubt(rule, &server, server.name, in_state, token, limit + patience, "it has been " + server.state + " too long",
          "");
  };
  within("starting ends", server.state == "starting", limits.ready_timeout);
  within("stopping ends", server.state == "stopping", limits.stop_timeout + 2s);
  within("unhealthy ends", server.state == "unhealthy", limits.health_interval * limits.health_failures);
  within("a retry comes", server.state == "backoff" || server.state == "crashloop", limits.backoff_max * 2);
  if (server.next_retry && *server.next_retry > 1.3 * static_cast<double>(limits.backoff_max.count()) / 1000) {
    accuse("a retry comes", &server, "next_retry_in_s is beyond backoff.max", "");
  }
  const ServerPlan* plan = world_.find(server.name);
  const bool free = plan != nullptr && server.state == "waiting" &&
                    std::all_of(plan->depends_on.begin(), plan->depends_on.end(), [&](const std::string& name) {
                      const ServerView* needed = status.find(name);
                      return needed != nullptr && needed->ready;
                    });
  const auto starting = std::count_if(status.servers.begin(), status.servers.end(),
                                      [](const ServerView& other) { return other.state == "starting"; });
  within("waiting ends", free && starting < limits.start_concurrency, 0ms);
}

void Witness::check_helpers(const StatusView& status, const Census& census) {
  std::set<std::string> zombies;
  for (const Process* process : census.children(status.supervisor, true)) {
    zombies.insert(text_of(process->pid) + " " + std::to_string(process->started));
  }
  report_.highest("zombies at once", static_cast<long long>(zombies.size()));
  for (auto it = suspects_.begin(); it != suspects_.end();) {
    const bool gone = it->first.starts_with("zombies are reaped\n") && !zombies.contains(it->first.substr(19));
    it = gone ? suspects_.erase(it) : std::next(it);
  }
  for (const std::string& zombie : zombies) {
    doubt("zombies are reaped", nullptr, zombie, true, "", 5s, "zombie " + zombie + " stays", "");
  }
  const auto living = census.children(status.supervisor, false);
  const bool guarded = std::any_of(living.begin(), living.end(),
                                   [](const Process* process) { return process->name == "berth-guardian"; });
  doubt("there is a guardian", nullptr, "", !guarded, "", 5s, "there is none", census.describe(living));
  report_.highest("processes of the project", static_cast<long long>(census.ours().size()));
}

}  // namespace chaos
