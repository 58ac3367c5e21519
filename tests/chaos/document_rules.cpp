// What a status document can get wrong by itself.

#include <algorithm>
#include <set>

#include "chaos/witness.hpp"
#include "support/facts.hpp"

namespace chaos {
namespace {

namespace json = boost::json;
using harness::is_null;
using harness::number;
using harness::text;

const std::set<std::string> states{"stopped", "waiting",   "starting", "ready",  "unhealthy",
                                   "backoff", "crashloop", "stopping", "exited", "failed"};
const std::set<std::string> causes{"crash",           "clean_exit",       "port_conflict",   "not_listening",
                                   "wrong_port",      "foreign_listener", "probe_failed",    "start_timeout",
                                   "unhealthy",       "oom_killed",       "resource_limit",  "command_not_found",
                                   "not_executable",  "bad_cwd",          "spawn_failed",    "port_range_exhausted",
                                   "fixed_port_held", "dependency",       "stopped_by_user", "budget_spent"};

ServerView read_server(const json::object& entry) {
  ServerView view;
  view.name = text(entry, "name");
  view.state = text(entry, "state");
  view.wanted_up = text(entry, "wanted") == "up";
  view.ready = entry.at("ready").as_bool();
  if (!is_null(entry, "pid")) view.pid = static_cast<pid_t>(number(entry, "pid"));
  if (!is_null(entry, "port")) view.port = static_cast<int>(number(entry, "port"));
  view.url = text(entry, "url");
  view.started_at = text(entry, "started_at");
  view.starts = number(entry, "starts");
  view.restarts = number(entry, "restarts");
  view.failures = number(entry, "consecutive_failures");
  view.conflicts = number(entry, "port_conflicts");
  if (!is_null(entry, "next_retry_in_s")) view.next_retry = harness::decimal(entry, "next_retry_in_s");
  view.reason = text(entry, "reason");
  if (!is_null(entry, "last_exit")) {
    const json::object& exit = entry.at("last_exit").as_object();
    view.last_exit_at = text(exit, "at");
    if (!causes.contains(text(exit, "cause"))) throw std::runtime_error("last_exit.cause is " + text(exit, "cause"));
  }
  view.json = json::serialize(entry);
  return view;
}

class Rules {
 public:
  Rules(const World& world, const StatusView& now, const StatusView* before, const Accuse& accuse)
      : world_(world), now_(now), before_(before), accuse_(accuse) {}

  void check() {
    check_ports();
    long long starting = 0;
    bool all_ready = true;
    for (const ServerView& server : now_.servers) {
      check_state(server);
      check_counters(server);
      if (server.state == "starting") ++starting;
      if (server.wanted_up && !server.ready) all_ready = false;
    }
    if (now_.servers.size() != world_.servers().size()) accuse_("all servers are there", nullptr, "some are missing");
    if (starting > world_.limits().start_concurrency) {
      accuse_("start_concurrency", nullptr,
              std::to_string(starting) + " servers are starting, " + std::to_string(world_.limits().start_concurrency) +
                  " may");
    }
    if (all_ready != (now_.exit_code == 0)) {
      accuse_("exit code of status", nullptr, "is " + std::to_string(now_.exit_code));
    }
  }

 private:
  void check_ports() {
    std::set<int> shown;
    for (const ServerView& server : now_.servers) {
      if (!server.port) continue;
      const std::string port = std::to_string(*server.port);
      if (!shown.insert(*server.port).second) accuse_("one port, one server", &server, port + " is shown twice");
      if (std::count(now_.dead_ports.begin(), now_.dead_ports.end(), *server.port) != 0) {
        accuse_("a dead port is nobody's", &server, port + " is dead and its port");
      }
      const ServerPlan* plan = world_.find(server.name);
      const bool allowed = plan != nullptr && plan->fixed_port
                               ? *plan->fixed_port == *server.port
                               : *server.port >= world_.first_port() && *server.port <= world_.last_of_range();
      if (!allowed) accuse_("a port of the range", &server, port + " is none that it may have");
      if (server.url.find(":" + port + "/") == std::string::npos) accuse_("url and port agree", &server, server.url);
    }
    if (now_.in_use != static_cast<long long>(shown.size())) {
      accuse_("in_use counts berths", nullptr,
              "is " + std::to_string(now_.in_use) + ", but " + std::to_string(shown.size()) + " ports are shown");
    }
  }

  void check_state(const ServerView& server) {
    const std::string& state = server.state;
    const bool over = state == "failed" || state == "exited";
    const bool resting = over || state == "stopped";
    const bool retrying = state == "backoff" || state == "crashloop";
    if (!states.contains(state)) accuse_("a state of the list", &server, state);
    if (server.wanted_up && state == "stopped") accuse_("wanted up is not stopped", &server, "it is");
    if (!server.wanted_up && state != "stopped" && state != "stopping") {
      accuse_("wanted down goes down", &server, "it is " + state);
    }
    if (over && server.reason.empty()) accuse_("an end has a reason", &server, state + " without one");
    if (!server.reason.empty() && !causes.contains(server.reason))
      accuse_("a cause of the list", &server, server.reason);
    if (retrying != server.next_retry.has_value()) {
      accuse_("next_retry_in_s", &server, server.next_retry ? "is told in " + state : "is null in " + state);
    }
    if (resting && (server.port || !server.url.empty())) accuse_("no port at rest", &server, "has one in " + state);
    if ((resting || retrying || state == "waiting") && server.pid != 0) {
      accuse_("no process at rest", &server, "has a pid in " + state);
    }
    if (server.ready != (state == "ready")) accuse_("ready is ready", &server, "state " + state);
    if (server.ready && (server.pid == 0 || !server.port)) accuse_("ready has pid and port", &server, "one is null");
    if (retrying && !server.port && server.reason != "spawn_failed") {
      accuse_("the berth is kept", &server, "no port in " + state);
    }
  }

  void check_counters(const ServerView& server) {
    if (server.restarts > server.starts) accuse_("restarts <= starts", &server, "more restarts");
    const ServerView* before = before_ != nullptr ? before_->find(server.name) : nullptr;
    if (before == nullptr) return;
    const auto falls = [&](const char* name, long long was, long long is) {
      if (is < was) {
        accuse_("counters only grow", &server,
                std::string(name) + " fell from " + std::to_string(was) + " to " + std::to_string(is));
      }
    };
    falls("starts", before->starts, server.starts);
    falls("restarts", before->restarts, server.restarts);
    falls("port_conflicts", before->conflicts, server.conflicts);
  }

  const World& world_;
  const StatusView& now_;
  const StatusView* before_;
  const Accuse& accuse_;
};

}  // namespace

const ServerView* StatusView::find(const std::string& name) const {
  const auto found = std::find_if(servers.begin(), servers.end(), [&](const ServerView& s) { return s.name == name; });
  return found == servers.end() ? nullptr : &*found;
}

StatusView read_status(const std::string& document, int exit_code) {
  const json::value value = json::parse(document);
  const json::object& status = value.as_object();
  StatusView view;
  view.supervisor = static_cast<pid_t>(number(status, "pid"));
  view.life = std::to_string(view.supervisor) + " since " + text(status, "started_at");
  view.uptime = harness::decimal(status, "uptime_s");
  view.exit_code = exit_code;
  for (const auto& server : status.at("servers").as_array()) view.servers.push_back(read_server(server.as_object()));
  view.in_use = harness::ports_in_use(status);
  for (const auto& dead : harness::dead_ports(status)) view.dead_ports.push_back(dead.port);
  return view;
}

void check_document(const World& world, const StatusView& now, const StatusView* before, const Accuse& accuse) {
  Rules(world, now, before != nullptr && before->life == now.life ? before : nullptr, accuse).check();
}

}  // namespace chaos
