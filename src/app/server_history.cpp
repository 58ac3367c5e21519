// What is written down of a server, and what is told of it to those who ask why.

#include <fmt/format.h>

#include <algorithm>

#include "app/explain_words.hpp"
#include "app/server.hpp"
#include "core/words.hpp"

namespace berth::app {

using core::Cause;
using core::State;

namespace {

std::string address_of(const Approach& approach, Port port) {
  const bool v6 = approach.address.find(':') != std::string::npos;
  return (v6 ? "[" + approach.address + "]" : approach.address) + ":" + std::to_string(port);
}

std::string answer_text(const Evidence::Answer& answer) {
  if (!answer.result.alive) return "the last probe failed: " + answer.result.message;
  return answer.result.status == 0 ? "it answered the probe"
                                   : "it answered the probe with HTTP " + std::to_string(answer.result.status);
}

}  // namespace

// ---- into the history
// ---------------------------------------------------------------------------------------------------

void Server::remember(State from, State to, std::optional<Cause> cause, std::string message, std::optional<Port> port) {
  core::HistoryEvent event;
  event.at = std::chrono::system_clock::now();
  event.from = from;
  event.to = to;
  event.cause = cause;
  event.message = redact_.shown(message);
  event.port = port;
  if (run_ && run_->leader_alive) event.pid = run_->pid;
  harbour_.history->record(config_->name, std::move(event));
}

// Where the lifecycle has no words, because the state says it all.
std::string Server::sentence_for(const core::Report& report) const {
  switch (report.to) {
    case State::stopped: return "stopped; nothing of it is left";
    case State::waiting:
      if (report.from == State::stopping) return "ended, to be started again";
      if (report.from == State::backoff || report.from == State::crashloop) return "the time for another try has come";
      return "wanted up; waits for its turn";
    case State::starting:
      if (!report.port) return "its turn has come; asks for a port";
      return (report.from == State::starting ? "launched on port " : "about to be launched on port ") +
             std::to_string(*report.port);
    case State::ready:
      if (report.from == State::unhealthy) return "serves again";
      return "ready" + (life_.time_to_ready() ? " " + roughly(*life_.time_to_ready()) + " after its launch" : "") +
             (answer_ ? "; " + answer_text(*answer_) : "");
    case State::stopping:
      return "asked to end with " + core::signal_name(config_->stop.signal) + "; SIGKILL after " +
             roughly(config_->stop.timeout);
    default: return std::string(core::to_string(report.to));
  }
}

void Server::remember(const core::Report& report) {
  // On the way to the next try the lifecycle still has the words for the end of the last one.
  const bool on_its_way =
      (report.from == State::waiting && report.to == State::starting) ||
      ((report.from == State::backoff || report.from == State::crashloop) && report.to == State::waiting);
  std::string message = report.message.empty() || on_its_way ? sentence_for(report) : report.message;
  if (report.retry_in) message += "; next try in " + roughly(*report.retry_in);
  std::optional<Port> port = report.port;
  const auto lost = std::exchange(lost_port_, std::nullopt);
  if (const auto claimed = std::exchange(claimed_port_, std::nullopt); claimed && on_its_way) {
    port = claimed;
    message = (config_->fixed_port ? "has its fixed port " : "was given port ") + std::to_string(*claimed);
  }
  if (!port && report.cause == Cause::port_conflict) port = lost;
  if (!port && report.cause == Cause::fixed_port_held) port = config_->fixed_port;
  if (report.from != report.to || report.cause) noted_reason_ = report.cause;
  remember(report.from, report.to, report.cause, std::move(message), port);
}

// A stranger on its port, a listener elsewhere, a dependency that is not ready: the state stays, what is known changes.
void Server::note_reason() {
  const auto reason = life_.reason();
  if (!reason || reason == noted_reason_) return;
  noted_reason_ = reason;
  remember(life_.state(), life_.state(), reason, life_.message(), life_.port());
}

// The report that it is starting follows at once.
void Server::remember_claim(Port port) {
  if (harbour_.history->take_port(config_->name, port, std::chrono::system_clock::now())) claimed_port_ = port;
}

void Server::remember_loss(core::PortEnd end, const std::string& reason, const std::string& holder) {
  const auto* history = harbour_.history->of(config_->name);
  if (history != nullptr && !history->ports().empty()) lost_port_ = history->ports().back().port;
  harbour_.history->leave_port(config_->name, std::chrono::system_clock::now(), end, redact_.shown(reason),
                               redact_.shown(holder));
}

void Server::remember_release() {
  const bool held = life_.reason() == Cause::fixed_port_held;
  harbour_.history->leave_port(config_->name, std::chrono::system_clock::now(),
                               held ? core::PortEnd::lost : core::PortEnd::released,
                               held ? redact_.shown(life_.message()) : "");
}

// The verdict on it comes later: see below, and the next exit.
void Server::remember_exit(const core::ExitStatus& status) {
  const auto& before = life_.last_exit();
  if (before) harbour_.history->judge_exit(config_->name, before->cause, redact_.shown(before->message));
  core::PastExit exit;
  exit.at = std::chrono::system_clock::now();
  exit.status = status;
  exit.message = core::describe(status);
  exit.pid = run_->pid;
  exit.port = run_->port;
  exit.ran_for = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - run_->started);
  harbour_.history->record_exit(config_->name, std::move(exit));
}

// ---- out of it
// -----------------------------------------------------------------------------------------------------------

Evidence Server::evidence() const {
  Evidence evidence;
  evidence.own_here = run_->seen.own_here;
  if (run_->seen.own_here) {
    for (const Approach& approach : run_->approaches) {  // several, when there is more than one name for an address
      auto address = address_of(approach, run_->port);
      if (std::find(evidence.addresses.begin(), evidence.addresses.end(), address) == evidence.addresses.end()) {
        evidence.addresses.push_back(std::move(address));
      }
    }
  }
  if (run_->seen.stranger_here) evidence.stranger = redact_.shown(core::holder_or_stranger(run_->seen.stranger));
  evidence.own_elsewhere = run_->seen.own_elsewhere;
  evidence.note = redact_.shown(run_->seen.note);
  evidence.said_taken = run_->said_taken;
  evidence.answer = answer_;
  if (evidence.answer) evidence.answer->result.message = redact_.shown(evidence.answer->result.message);
  return evidence;
}

std::vector<std::string> Server::command_line() const {
  std::vector<std::string> words = launched_as_;
  if (words.empty()) {
    words = {config_->command};
    words.insert(words.end(), config_->args.begin(), config_->args.end());
  }
  for (std::string& word : words) word = redact_.shown(word);
  return words;
}

Explanation Server::explanation(core::Instant now, const os::Orphans& orphans) const {
  Explanation all;
  all.status = status(now, Usage::looked_up, orphans);
  all.launched = !launched_as_.empty();
  all.command = command_line();
  all.cwd = redact_.shown(config_->cwd);
  all.limits = limits_in_words();
  all.log = log_.path();
  all.output = tail_.lines();
  if (run_ && run_->leader_alive) all.evidence = evidence();

  if (const auto& exit = life_.last_exit()) {
    harbour_.history->judge_exit(config_->name, exit->cause, redact_.shown(exit->message));
  }
  if (const auto* history = harbour_.history->of(config_->name)) all.history = *history;

  Situation it{.config = *config_, .status = all.status, .state = life_.state(), .cause = life_.reason()};
  it.message = redact_.shown(life_.message());
  if (it.message.empty() && run_ && it.state == State::ready) it.message = redact_.shown(run_->offspring.loss());
  it.log = all.log;
  if (run_) it.pulse = run_->pulse;
  const auto until = [&](core::Instant at) { return std::chrono::duration_cast<Milliseconds>(at - now); };
  if (life_.kill_at()) it.kill_in = until(*life_.kill_at());
  if (all.evidence && it.state == State::starting) {
    const auto age = std::chrono::steady_clock::now() - run_->started;
    it.give_up_in = std::chrono::duration_cast<Milliseconds>(config_->ready.timeout - age);
  }
  if (answer_) it.answer = redact_.shown(answer_text(*answer_));
  all.why = why(it);
  all.next = next(it);
  all.advice = advice(it);
  return all;
}

}  // namespace berth::app
