// The server's dealings with the machine. server_watch.cpp has what is seen of it: output, listeners, its end, its
// status.

#include "app/server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <random>

#include "config/templates.hpp"
#include "os/clock.hpp"
#include "os/launch.hpp"
#include "os/notify.hpp"
#include "os/vital_signs.hpp"

namespace berth::app {

namespace {

// For one probe before a server is ready. Real servers answered OPTIONS within 13 ms; the rest of `ready.timeout` is
// for trying again.
constexpr Milliseconds longest_answer{3'000};

std::string hex_digits() {
  static std::random_device random;
  char text[17];
  std::snprintf(text, sizeof(text), "%08x%08x", random(), random());
  return text;
}

}  // namespace

Server::Server(Harbour& harbour, std::size_t index, std::shared_ptr<const ServerConfig> config,
               const core::Lifecycle& life)
    : harbour_(harbour),
      index_(index),
      config_(std::move(config)),
      life_(life),
      secrets_(std::make_shared<core::Redactor>(config_->secret_values)),
      redact_(*secrets_),
      conflict_words_(config_->conflict.patterns),
      log_(harbour.executor, *harbour.logs, harbour.log_dir + "/" + config_->name + ".log", config_->log,
           [this](const std::string& line) { harbour_.warn(line); }),
      out_(harbour.executor, [this](std::string_view bytes) { on_output(Stream::out, bytes); }),
      err_(harbour.executor, [this](std::string_view bytes) { on_output(Stream::err, bytes); }) {
  log_.reads_from(out_, err_);
  out_.comes_after(err_);
}

Server::~Server() = default;

void Server::perform(const core::Effect& effect) {
  std::visit([this](const auto& e) { perform(e); }, effect);
}

void Server::reconfigure(std::shared_ptr<const ServerConfig> config) {
  const auto before = std::exchange(config_, std::move(config));
  redact_.add(config_->secret_values);  // what was a secret has been said, and may be said again
  conflict_words_ = ConflictWords(config_->conflict.patterns);
  if (config_->name != before->name) {
    log_.move_to(harbour_.log_dir + "/" + config_->name + ".log", config_->log);
  } else {
    log_.configure(config_->log);
  }
}

// ---- the berth
// --------------------------------------------------------------------------------------------------------

void Server::perform(const core::ClaimPort& claim) {
  const auto fixed = config_->fixed_port;
  const auto port = fixed ? harbour_.desk->claim_fixed(*fixed, claim.held && claim.prefer == fixed)
                          : harbour_.desk->claim(claim, std::chrono::steady_clock::now());
  if (port) {
    remember_claim(*port);
    post(core::PortClaimed{*port});
  } else {
    remember_loss(core::PortEnd::refused, port.error().message);
    post(port.error());
  }
}

void Server::perform(const core::ReleasePort& release) {
  remember_release();
  harbour_.desk->release(release.port);
}

void Server::perform(const core::CondemnPort& condemn) {
  remember_loss(core::PortEnd::lost, condemn.reason, condemn.holder);
  harbour_.desk->condemn(condemn.port, condemn.reason, condemn.holder);
}

void Server::perform(const core::RestPort& rest) {
  remember_loss(core::PortEnd::rested, "said to be taken, and nobody is seen there");
  harbour_.desk->rest(rest.port, std::chrono::steady_clock::now());
}

// ---- the process
// ------------------------------------------------------------------------------------------------------

// The host of `ports.host` as a client writes it into a URL, as long as nothing better is known: the wildcard is no
// address to connect to, and IPv6 wants brackets.
std::string Server::host_for_urls() const {
  const std::string& host = harbour_.host;
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string Server::url(Port port, const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port) + config_->path;
}

std::string Server::current_url() const {
  return url(*life_.port(), run_ && !run_->url_host.empty() ? run_->url_host : host_for_urls());
}

std::vector<std::string> Server::environment(Port port, const std::string& instance,
                                             const std::optional<os::Account>& account) const {
  std::vector<std::pair<std::string, std::string>> entries;
  const auto set = [&](const std::string& name, const std::string& value) {
    for (auto& entry : entries) {
      if (entry.first == name) {
        entry.second = value;
        return;
      }
    }
    entries.emplace_back(name, value);
  };
  if (config_->inherit_env) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      const auto equals = text.find('=');
      if (equals == std::string_view::npos || os::is_for_us_alone(text.substr(0, equals))) continue;
      entries.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  const config::LaunchValues values{port, harbour_.host, config_->name, url(port, host_for_urls())};
  if (account && !account->name.empty()) {
    set("HOME", account->home);
    set("USER", account->name);
    set("LOGNAME", account->name);
  }
  for (const auto& [name, value] : config_->env_file) set(name, value);
  for (const auto& [name, value] : config_->env) set(name, config::fill(value, values));
  for (const std::string& name : config_->port_env) set(name, std::to_string(port));
  set("HOST", harbour_.host);
  set("BERTH_SERVER", config_->name);
  set("BERTH_PROJECT", harbour_.project);
  const auto equals = harbour_.marker.find('=');
  set(harbour_.marker.substr(0, equals), harbour_.marker.substr(equals + 1));
  set("MCP_INSTANCE_ID", instance);

  std::vector<std::string> list;
  list.reserve(entries.size());
  for (const auto& [name, value] : entries) list.push_back(name + "=" + value);
  return list;
}

void Server::perform(const core::Launch& launch) {
  const std::string instance = harbour_.instances + "." + config_->name + "." + hex_digits();
  os::LaunchRequest request;
  os::Cgroup cgroup;
  if (harbour_.cgroups.for_every_run() || config_->limits.memory || config_->limits.processes) {
    cgroup = harbour_.cgroups.make(os::run_group_prefix + instance);
  }
  const auto means = limit(cgroup, request);
  if (!means) return post(core::NotLaunched{core::Cause::resource_limit, means.error()});
  request.environment = environment(launch.port, instance, request.limits.account);
  request.cwd = config_->cwd;
  request.descriptors = harbour_.child_limits;
  request.brand = os::brand_of_run(harbour_.brand, ++harbour_.runs);
  std::string path;
  for (const std::string& entry : request.environment) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  auto executable = os::resolve_command(config_->command, path, config_->cwd);
  if (!executable) return post(core::NotLaunched{executable.error().cause, executable.error().message});
  request.executable = std::move(*executable);
  const config::LaunchValues values{launch.port, harbour_.host, config_->name, url(launch.port, host_for_urls())};
  for (const std::string& arg : config_->args) request.args.push_back(config::fill(arg, values));
  launched_as_ = {request.executable};
  launched_as_.insert(launched_as_.end(), request.args.begin(), request.args.end());
  answer_.reset();

  os::Fd out = out_.open();
  os::Fd err = err_.open();
  if (!out || !err || os::from_the_reserve(out.get()) || os::from_the_reserve(err.get())) {
    out_.close();
    err_.close();
    harbour_.desk->let_go_of_hold(launch.port);  // or those that wait for descriptors keep them from each other
    return post(core::NotLaunched{core::Cause::spawn_failed, "no descriptors left for its output; raise `ulimit -n`"});
  }
  request.output = out.get();
  request.error = err.get();
  if (!harbour_.hold || !launch.hold) harbour_.desk->let_go_of_hold(launch.port);

  const os::Fd entrance = cgroup.entrance();
  request.cgroup = entrance.get();

  tail_.clear();
  const auto pid = os::launch(harbour_.executor, request);
  if (!pid) {
    out_.close();
    err_.close();
    return post(core::NotLaunched{pid.error().cause, pid.error().message});
  }
  run_.emplace();
  run_->pid = *pid;
  run_->port = launch.port;
  run_->instance = instance;
  run_->cgroup = std::move(cgroup);
  run_->limits = config_->limits;
  run_->limit_means = *means;
  run_->sign = {.leader = *pid, .brand = request.brand, .marker = "MCP_INSTANCE_ID=" + instance};
  run_->started_at = std::chrono::system_clock::now();
  run_->started = std::chrono::steady_clock::now();
  harbour_.leaders.insert(*pid);
  if (harbour_.guardian != nullptr) harbour_.guardian->watch(*pid);
  tell_weakness(*means);
  harbour_.changed(index_);
  post(core::Launched{});
  harbour_.look_soon();
}

std::vector<pid_t> Server::members() const {
  return members(os::ProcessTree::orphans(harbour_.leaders));
}

std::vector<pid_t> Server::members(const os::Orphans& orphans) const {
  if (!run_) return {};
  auto pids = os::ProcessTree::members(run_->sign, run_->leader_alive, orphans);
  for (const pid_t pid : run_->cgroup.members()) {
    if (std::find(pids.begin(), pids.end(), pid) == pids.end()) pids.push_back(pid);
  }
  return pids;
}

// The group first and alone: what has left it mostly ends with it, and is told once the leader is gone.
void Server::perform(const core::SignalTree& signal) {
  if (!run_) return;
  end_inspection("is being stopped");  // an open connection keeps some from ending
  handshake_.reset();
  if (run_->leader_alive) {
    ::kill(-run_->pid, signal.signal);
    ::kill(-run_->pid, SIGCONT);  // a stopped process would not see it
    return;
  }
  for (const pid_t pid : members()) ::kill(pid, signal.signal);
}

void Server::perform(const core::KillTree&) {
  if (!run_) return;
  const auto pids = members();  // before the leader's death makes orphans of them
  look_at_usage(pids);
  if (run_->leader_alive) ::kill(-run_->pid, SIGKILL);
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  run_->cgroup.kill();
}

void Server::perform(const core::LookForListeners&) {
  close_look_ = true;
  harbour_.look_soon();  // one does for all whose checks fall together
}

void Server::perform(const core::StartProbe& probe) {
  if (!run_) return;
  if (!probe.health && config_->ready.probe == Probe::mcp) return shake_hands();
  ProbeRequest request{.approaches = run_->approaches, .port = run_->port, .path = config_->path};
  request.timeout = probe.health ? config_->health.timeout : longest_answer;
  // The way that is known to lead there; a silent server is not asked again by another name.
  if (probe.health && request.approaches.size() > 1) request.approaches.resize(1);
  run_->signs = {};
  run_->probe_began = std::chrono::steady_clock::now();
  std::function<void()> slow;
  if (probe.health) slow = [this] { run_->signs = vital_signs(owners()); };
  probe_ =
      std::make_unique<HttpProbe>(harbour_.executor, std::move(request), std::move(slow),
                                  [this, health = probe.health](const ProbeResult& result) { probed(result, health); });
}

void Server::perform(const core::CancelProbe&) {
  probe_.reset();
  handshake_.reset();
}

void Server::perform(const core::Report& report) {
  core::Report clean = report;
  clean.message = redact_.shown(report.message);
  if (run_ && report.to == core::State::ready && report.from == core::State::starting) {
    run_->offspring.remember(owners());
    count_ready();
  }
  remember(clean);
  harbour_.changed(index_);
  harbour_.report(index_, clean);
}

}  // namespace berth::app
