// What is seen of a server: its words, its listeners, its end, and how it stands.

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "app/server.hpp"
#include "app/sightings.hpp"
#include "core/utf8.hpp"
#include "core/words.hpp"
#include "os/clock.hpp"
#include "os/process.hpp"
#include "os/vital_signs.hpp"

namespace berth::app {

// ---- words
// ------------------------------------------------------------------------------------------------------------

void Server::on_output(Stream stream, std::string_view bytes) {
  // Every line is looked at only while that matters; of a flood, the last ones are kept.
  const bool every = harbour_.said || (run_ && life_.phase() == core::PhaseKind::starting);
  log_.take(stream, bytes, [&](std::string_view line, bool among_the_last) {
    if (every || among_the_last) on_line(stream, line, among_the_last);
  });
  if (life_.phase() == core::PhaseKind::starting) harbour_.look_soon();
}

void Server::on_line(Stream stream, std::string_view line, bool among_the_last) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (among_the_last) tail_.add(stream, redact_.shown(line));
  if (run_ && core::LimitWords::matter_for(run_->limits)) run_->limit_words.hear(line);
  if (harbour_.said) harbour_.said(index_, stream, line);
  if (run_ && life_.phase() == core::PhaseKind::starting) listen_to_words(line);
}

void Server::listen_to_words(std::string_view line) {
  // The rest of a long error about another port names no port any more.
  const bool about_another = run_->other_port_taken && line.find(std::to_string(run_->port)) == std::string_view::npos;
  const bool taken = !about_another && conflict_words_.match(line, run_->port);
  for (const std::string& pattern : conflict_words_.take_given_up()) {
    harbour_.warn(config_->name + ": the pattern `" + pattern +
                  "` of conflict.patterns takes too long over a line and is not used any more; write it simpler");
  }
  if (taken) {
    run_->said_taken = true;
    post(core::SaidTaken{std::string(line)});
  } else if (const auto other = core::other_port_said_taken(line, run_->port)) {
    run_->other_port_taken = other;
  }
  if (run_->said_listening.empty() && core::says_it_listens(line)) {
    run_->said_listening = core::tame(redact_.shown(line));
  }
}

// ---- listeners
// --------------------------------------------------------------------------------------------------------

void Server::look(const os::Listeners& listeners, std::uint64_t elsewhere, const os::Orphans& orphans, bool closely) {
  if (!run_ || !run_->leader_alive) return;
  close_look_ = false;
  const auto fingerprint = elsewhere + os::fingerprint(listeners.on(run_->port));
  if (fingerprint != run_->looked_at) {
    run_->looked_at = fingerprint;
    auto sighting = sight(listeners, run_->port, harbour_.host, os::open_sockets(members(orphans)));
    run_->seen = std::move(sighting.seen);
    run_->listener_inode = sighting.inode;
    run_->approaches = std::move(sighting.approaches);
    prefer_way(run_->url_host);
    if (!run_->approaches.empty()) run_->url_host = run_->approaches.front().host;
  } else if (!closely) {
    return;
  }
  post(run_->seen);
}

// First the one that got through, then the others in their order.
void Server::prefer_way(const std::string& host) {
  auto& ways = run_->approaches;
  const auto way = std::find_if(ways.begin(), ways.end(), [&](const Approach& one) { return one.host == host; });
  if (way != ways.end()) std::rotate(ways.begin(), way, way + 1);
}

bool Server::listens_as_before(const os::Listeners& listeners) const {
  if (!run_) return false;
  const auto on_port = listeners.on(run_->port);
  return std::any_of(on_port.begin(), on_port.end(),
                     [&](const os::Listener& listener) { return listener.inode == run_->listener_inode; });
}

core::Holder Server::holder_of_berth(std::string& name) const {
  const auto listeners = os::Listeners::look();
  const auto sighting = sight(listeners, run_->port, harbour_.host, os::open_sockets(members()));
  if (sighting.seen.stranger_here) {
    name = sighting.seen.stranger;
    return core::Holder::stranger;
  }
  if (sighting.seen.own_here) return core::Holder::own_tree;
  return harbour_.desk->holder_now(run_->port, name);
}

// ---- probes
// -----------------------------------------------------------------------------------------------------------

// The processes that have its listener; all of its tree where that cannot be seen.
std::vector<pid_t> Server::owners() const {
  // Mostly it is below the leader; to look for orphans is to go through all that this process has as children.
  auto some = os::owners_of(run_->listener_inode, members(os::Orphans{}));
  if (!some.empty()) return some;
  auto all = members();
  some = os::owners_of(run_->listener_inode, all);
  return some.empty() ? all : some;
}

// Those, and what they have started: whoever waits for a child that computes is at work.
core::VitalSigns Server::vital_signs(const std::vector<pid_t>& owners) const {
  std::vector<pid_t> pids;
  for (const pid_t owner : owners) {
    if (std::ranges::find(pids, owner) == pids.end()) os::ProcessTree::add_descendants(owner, pids);
  }
  auto signs = os::vital_signs(pids);
  const auto who_listens = os::vital_signs(owners);  // a child may be stopped, or be traced, for good reason
  signs.stopped = who_listens.stopped;
  signs.traced = who_listens.traced;
  return signs;
}

void Server::probed(const ProbeResult& result, bool health) {
  if (!run_) return;
  count_probe(result.alive);
  answer_ = {std::chrono::system_clock::now(), result};
  run_->pulse = core::Pulse::unknown;
  if (result.alive) {
    const auto& ways = run_->approaches;
    if (result.which < ways.size()) run_->url_host = ways[result.which].host;
    prefer_way(run_->url_host);
    if (health) harbour_.verify_soon();  // somebody answers; is it still this one?
    return post(core::ProbePassed{result.note});
  }
  core::ProbeFailed failed{.message = result.message, .fault = result.fault};
  if (health) {
    const auto pids = owners();
    failed.pulse = core::pulse_between(run_->signs, vital_signs(pids));
    run_->pulse = failed.pulse;
    failed.message += signs_of_life(result, failed.pulse, pids);
    harbour_.verify_soon();
  }
  post(std::move(failed));
}

void Server::look_at_offspring() {
  if (!run_ || !life_.is_ready()) return;
  const std::string news = run_->offspring.look();
  if (news.empty()) return;
  perform(core::Report{.from = life_.state(), .to = life_.state(), .message = news, .port = life_.port()});
  ask_for_tools();
}

// What the second signal says, for a person.
std::string Server::signs_of_life(const ProbeResult& result, core::Pulse pulse,
                                  const std::vector<pid_t>& owners) const {
  const std::string who = owners.empty() ? "it" : os::describe_process(owners.front());
  std::string text;
  switch (pulse) {
    case core::Pulse::unknown: break;
    case core::Pulse::idle: text = "; " + who + " sleeps"; break;
    case core::Pulse::busy: text = "; " + who + " is busy computing"; break;
    case core::Pulse::blocked: text = "; " + who + " waits for a disk or the like"; break;
    case core::Pulse::starved: text = "; " + who + " gets no time on a processor: this machine is overloaded"; break;
    case core::Pulse::stopped: text = "; " + who + " is stopped (SIGSTOP)"; break;
    case core::Pulse::traced: text = "; " + who + " is held by a debugger"; break;
  }
  if (result.fault == core::ProbeFault::broken) return text;
  const auto listeners = os::Listeners::look();
  for (const os::Listener& listener : listeners.on(run_->port)) {
    if (listener.inode != run_->listener_inode || listener.pending == 0) continue;
    text += (text.empty() ? "; " : " and ") + std::to_string(listener.pending) +
            (listener.pending == 1 ? " connection waits" : " connections wait") + " to be accepted";
  }
  return text;
}

// ---- the end
// ----------------------------------------------------------------------------------------------------------

bool Server::something_is_left(const os::Orphans& orphans) const {
  if (!run_->cgroup.members().empty()) return true;
  return std::any_of(orphans.begin(), orphans.end(),
                     [this](const os::Orphan& orphan) { return orphan.bears(run_->sign); });
}

void Server::leader_ended(const core::ExitStatus& status, double cpu_s, const os::Orphans& orphans) {
  if (!run_ || !run_->leader_alive) return;
  run_->leader_alive = false;
  run_->reaped_cpu_s = cpu_s;
  harbour_.changed(index_);
  harbour_.leaders.erase(run_->pid);
  drain_output();

  core::Ended ended{.status = status};
  ended.said_taken = run_->said_taken;
  ended.said_listening = run_->said_listening;
  ended.other_port_taken = run_->other_port_taken;
  ended.limit = limit_reached(status);
  ended.tree_left = something_is_left(orphans);
  if (life_.phase() == core::PhaseKind::starting) ended.holder = holder_of_berth(ended.holder_name);

  remember_exit(status);
  last_exit_.emplace();
  if (status.signal == 0) last_exit_->code = status.code;
  if (status.signal != 0) last_exit_->signal = core::signal_name(status.signal);
  last_exit_->at = std::chrono::system_clock::now();
  last_exit_->output_tail = tail_.lines();
  if (!ended.tree_left) forget_run();
  post(std::move(ended));
}

void Server::check_cleared(const os::Orphans& orphans) {
  if (!run_ || run_->leader_alive) return;
  if (something_is_left(orphans)) return;
  forget_run();
  post(core::Cleared{});
}

void Server::drain_output() {
  out_.drain();
  err_.drain();
  log_.flush([&](Stream stream, std::string_view line) { on_line(stream, line, true); });
}

void Server::forget_run() {
  drain_output();  // the last words of the rest of its tree belong to this run
  if (harbour_.guardian != nullptr) harbour_.guardian->forget(run_->pid);
  probe_.reset();
  if (handshake_) handshake_->forget();
  handshake_.reset();
  if (inspection_) inspection_->forget();
  end_inspection("has ended");
  out_.close();
  err_.close();
  log_.rest();
  counted().cpu.seen(run_->reaped_cpu_s);
  counted().cpu.run_ended();
  run_.reset();
}

// ---- status
// -----------------------------------------------------------------------------------------------------------

bool Server::ended_badly() const {
  if (life_.state() == core::State::failed) return true;
  return life_.state() == core::State::exited && life_.reason() != core::Cause::clean_exit;
}

namespace {

std::string seconds_text(core::Instant from, core::Instant to) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(to - from).count());
  return seconds < 10 ? fmt::format("{:.1f}s", seconds) : fmt::format("{:.0f}s", seconds);
}

}  // namespace

std::string Server::detail(core::Instant now) const {
  const std::string& why = life_.message();
  switch (life_.state()) {
    case core::State::ready: {
      if (!run_ || !life_.port()) return "";
      const std::string& note = why.empty() ? run_->offspring.loss() : why;
      return note.empty() ? current_url() : current_url() + " (" + note + ")";
    }
    case core::State::backoff:
    case core::State::crashloop:
      return "retry in " + seconds_text(now, life_.retry_at().value_or(now)) + (why.empty() ? "" : ": " + why);
    case core::State::stopping: {
      const std::string next = "SIGKILL in " + seconds_text(now, life_.kill_at().value_or(now));
      return why.empty() ? next : why + "; " + next;
    }
    case core::State::starting:
      return !why.empty() || !run_ ? why
                                   : "not ready yet, " + seconds_text(run_->started, std::chrono::steady_clock::now()) +
                                         " after its launch";
    default: return why;
  }
}

PortLedger::Instance Server::instance() const {
  PortLedger::Instance instance;
  instance.instance_id = harbour_.instances + "." + config_->name;
  instance.server = config_->name;
  instance.state = to_string(life_.state());
  if (life_.port()) instance.url = current_url();
  if (!run_ || !run_->leader_alive) return instance;
  instance.pid = run_->pid;
  instance.instance_id = run_->instance;
  instance.created_at = os::wall_ms(run_->started_at);
  return instance;
}

ServerStatus Server::status(core::Instant now, Usage wanted, const os::Orphans& orphans) const {
  const auto seconds = [](auto duration) { return std::chrono::duration<double>(duration).count(); };
  ServerStatus status;
  status.name = config_->name;
  status.state = to_string(life_.state());
  status.wanted = life_.wanted_up() ? "up" : "down";
  status.ready = life_.is_ready();
  if (life_.port()) {
    status.port = life_.port();
    status.url = current_url();
  }
  if (run_ && run_->leader_alive) {
    status.pid = run_->pid;
    status.started_at = run_->started_at;
    status.uptime_s = seconds(std::chrono::steady_clock::now() - run_->started);
  }
  if (life_.time_to_ready()) status.time_to_ready_s = seconds(*life_.time_to_ready());
  status.starts = life_.starts();
  status.restarts = life_.restarts();
  for (std::size_t i = 0; i < core::cause_names.size(); ++i) {
    const unsigned count = life_.restarts_after(static_cast<core::Cause>(i));
    if (count > 0) status.restarts_by_cause.emplace(core::cause_names[i], count);
  }
  status.consecutive_failures = life_.consecutive_failures();
  status.port_conflicts = life_.port_conflicts();
  if (life_.retry_at()) status.next_retry_in_s = std::max(0.0, seconds(*life_.retry_at() - now));
  if (last_exit_ && life_.last_exit()) {
    status.last_exit = last_exit_;
    status.last_exit->cause = to_string(life_.last_exit()->cause);
    status.last_exit->message = redact_.shown(life_.last_exit()->message);
  }
  if (life_.reason() && !status.ready) status.reason = std::string(to_string(*life_.reason()));
  status.detail = redact_.shown(detail(now));
  if (const std::string trouble = log_.trouble(); !trouble.empty()) {
    status.detail += (status.detail.empty() ? "" : "; ") + redact_.shown(trouble);
  }
  counted().log = log_totals();
  if (run_) status.mcp = run_->mcp;
  if (run_ && wanted == Usage::looked_up) {
    const auto usage = look_at_usage(members(orphans));
    status.cpu_s = usage.cpu_s;
    status.memory_bytes = usage.memory_bytes;
    status.processes = usage.processes;
  }
  return status;
}

}  // namespace berth::app
