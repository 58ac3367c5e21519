// The plan of a life: what is wanted, what comes next. lifecycle_run.cpp has the run itself: from the launch to the
// verdict on its end; lifecycle_health.cpp what is checked in between.

#include "core/lifecycle.hpp"

#include <algorithm>
#include <utility>

#include "core/words.hpp"

namespace berth::core {

std::string_view to_string(State state) {
  switch (state) {
    case State::stopped: return "stopped";
    case State::waiting: return "waiting";
    case State::starting: return "starting";
    case State::ready: return "ready";
    case State::unhealthy: return "unhealthy";
    case State::backoff: return "backoff";
    case State::crashloop: return "crashloop";
    case State::stopping: return "stopping";
    case State::exited: return "exited";
    case State::failed: return "failed";
  }
  return "?";
}

Lifecycle::Lifecycle(std::shared_ptr<const ServerConfig> config, bool hold, std::uint64_t seed)
    : config_(std::move(config)),
      backoff_(config_->backoff, seed),
      hold_(hold),
      hold_wanted_(hold),
      spread_(static_cast<double>((seed * 0x9E3779B97F4A7C15U) >> 40U) / static_cast<double>(1U << 24U)) {}

Effects Lifecycle::on(const Event& event, Instant now) {
  now_ = now;
  before_ = state();
  std::visit([this](const auto& e) { handle(e); }, event);
  if (state() != before_ && !reported_) report();
  reported_ = false;
  return std::exchange(effects_, {});
}

void Lifecycle::reconfigure(std::shared_ptr<const ServerConfig> config, Instant now, bool moves) {
  if (moves || config->fixed_port != config_->fixed_port) leaves_port_ = true;
  config_ = std::move(config);
  backoff_.reconfigure(config_->backoff);
  if (Check* checked = check()) checked->next = std::min(checked->next, in_step(now + config_->health.interval));
  if (auto* backing_off = std::get_if<BackingOff>(&state_)) {
    backing_off->retry_at = std::min(backing_off->retry_at, now + std::max(config_->backoff.max, shortest_retry));
  }
}

PhaseKind Lifecycle::phase() const {
  return static_cast<PhaseKind>(state_.index());
}

State Lifecycle::state() const {
  switch (phase()) {
    case PhaseKind::idle: return std::get<Idle>(state_).shown;
    case PhaseKind::waiting: return State::waiting;
    case PhaseKind::claiming:
    case PhaseKind::launching:
    case PhaseKind::starting: return State::starting;
    case PhaseKind::ready: return State::ready;
    case PhaseKind::unhealthy: return State::unhealthy;
    case PhaseKind::backoff: return backoff_.in_crashloop() ? State::crashloop : State::backoff;
    case PhaseKind::stopping: return State::stopping;
  }
  return State::stopped;
}

std::optional<Instant> Lifecycle::retry_at() const {
  if (const auto* backing_off = std::get_if<BackingOff>(&state_)) return backing_off->retry_at;
  return std::nullopt;
}

std::optional<Instant> Lifecycle::kill_at() const {
  if (const auto* stopping = std::get_if<Stopping>(&state_)) return stopping->kill_at;
  return std::nullopt;
}

// ---- what a person, the configuration or the start order wants
// --------------------------------------------------------

void Lifecycle::handle(const Start&) {
  wanted_up_ = true;
  backoff_.reset();
  retrying_after_.reset();
  last_failure_.reset();
  forget_series();
  if (phase() == PhaseKind::idle || phase() == PhaseKind::backoff) {
    explain(std::nullopt, "");
    wait_for_turn();
  } else if (auto* stopping = std::get_if<Stopping>(&state_)) {
    start_after(*stopping);
  }
}

void Lifecycle::handle(const Stop& event) {
  wanted_up_ = false;
  switch (phase()) {
    case PhaseKind::claiming:
    case PhaseKind::launching: return;  // the answer finds that it is no longer wanted
    case PhaseKind::idle:
    case PhaseKind::waiting:
    case PhaseKind::backoff: explain(Cause::stopped_by_user, event.why); return rest_at(State::stopped);
    case PhaseKind::starting:
    case PhaseKind::ready:
    case PhaseKind::unhealthy: return begin_stop(Stopping{.was_ready = is_ready(), .message = event.why});
    case PhaseKind::stopping: std::get<Stopping>(state_).next = AfterStop::down; return;
  }
}

void Lifecycle::handle(const Restart& event) {
  wanted_up_ = true;
  backoff_.reset();
  retrying_after_.reset();
  last_failure_.reset();
  forget_series();
  switch (phase()) {
    case PhaseKind::idle:
    case PhaseKind::backoff: explain(std::nullopt, ""); return wait_for_turn();
    case PhaseKind::starting:
    case PhaseKind::ready:
    case PhaseKind::unhealthy:
      return begin_stop(Stopping{.next = AfterStop::up, .was_ready = is_ready(), .message = event.why});
    case PhaseKind::stopping: return start_after(std::get<Stopping>(state_));
    case PhaseKind::waiting: return leave_port_if_told();
    case PhaseKind::claiming:
    case PhaseKind::launching: return;  // it is about to start anyway
  }
}

// A port that is being left, or a hold that is in the way, is still that: those plans stay.
void Lifecycle::start_after(Stopping& stopping) {
  const bool about_the_port = stopping.next == AfterStop::conflict || stopping.next == AfterStop::conflict_by_word ||
                              stopping.next == AfterStop::unblocked;
  if (!about_the_port) stopping.next = AfterStop::up;
}

void Lifecycle::handle(const KillNow&) {
  handle(Stop{});
  if (auto* stopping = std::get_if<Stopping>(&state_)) {
    stopping->kill_at = now_;
    tick_stopping(*stopping);
  }
}

void Lifecycle::handle(const Proceed&) {
  if (phase() != PhaseKind::waiting) return;
  if (reason_ == Cause::dependency) explain(std::nullopt, "");  // it waits for nobody any more
  claim();
}

void Lifecycle::handle(const HeldBack& event) {
  if (phase() == PhaseKind::waiting) explain(event.cause, event.message);
}

void Lifecycle::handle(const DependencyFailed& event) {
  if (phase() == PhaseKind::waiting) fail(Cause::dependency, event.message);
}

// ---- the berth ------------------------------------------------------------------------------------------------------

void Lifecycle::claim() {
  leave_port_if_told();
  state_ = Claiming{};
  effects_.push_back(ClaimPort{port_ ? port_ : last_port_, tried_, port_.has_value()});
}

void Lifecycle::handle(const PortClaimed& event) {
  if (phase() != PhaseKind::claiming) {  // nobody has asked for it
    effects_.push_back(ReleasePort{event.port});
    return;
  }
  port_ = event.port;
  if (!wanted_up_) {
    explain(Cause::stopped_by_user, "");
    return rest_at(State::stopped);
  }
  if (leaves_port_) return wait_for_turn();  // another one was configured meanwhile
  last_port_ = event.port;
  // A child that dies without a word may be one that cannot bind beside our hold: every other try goes without.
  hold_ = hold_wanted_ && !(silent_ends_ >= 2 && silent_ends_ % 2 == 0);
  state_ = Launching{};
  effects_.push_back(Launch{*port_, hold_});
}

void Lifecycle::handle(const PortRefused& event) {
  if (phase() != PhaseKind::claiming) return;
  port_.reset();
  if (!wanted_up_) {
    explain(Cause::stopped_by_user, "");
    return rest_at(State::stopped);
  }
  if (leaves_port_) return wait_for_turn();
  if (event.ours) return wait_for_berth(event);
  if (event.passing || event.cause == Cause::spawn_failed)
    return retry_later(event.cause, event.message, false, shortest_retry);
  fail(event.cause, event.message);
}

void Lifecycle::wait_for_berth(const PortRefused& event) {
  count_same_failures(event.cause, event.message);
  const Milliseconds delay = shortest_retry * (1U << std::min(same_failures_ - 1, 6U));
  explain(event.cause, event.message);
  state_ = BackingOff{now_ + std::min(delay, longest_wait_for_ours)};
}

void Lifecycle::release_port() {
  if (port_) effects_.push_back(ReleasePort{*port_});
  port_.reset();
}

void Lifecycle::leave_port_if_told() {
  if (!std::exchange(leaves_port_, false)) return;
  release_port();
  last_port_.reset();
}

// ---- ways to go on --------------------------------------------------------------------------------------------------

void Lifecycle::wait_for_turn() {
  leave_port_if_told();
  trying_ports_ = false;
  state_ = Waiting{};
}

void Lifecycle::try_again_at_once(std::optional<Cause> cause, std::string message) {
  explain(cause, std::move(message));
  leave_port_if_told();
  trying_ports_ = true;
  state_ = Waiting{};
  report();
}

void Lifecycle::rest_at(State shown) {
  release_port();
  state_ = Idle{shown};
}

void Lifecycle::fail(Cause cause, std::string message) {
  explain(cause, std::move(message));
  rest_at(State::failed);
}

void Lifecycle::count_same_failures(Cause cause, const std::string& message) {
  const bool same = last_failure_ && last_failure_->first == cause && last_failure_->second == message;
  same_failures_ = same ? same_failures_ + 1 : 1;
  if (!same) last_failure_ = {cause, message};
}

void Lifecycle::retry_later(Cause cause, std::string message, bool was_ready, Milliseconds at_least) {
  count_same_failures(cause, message);
  if (same_failures_ > 1) message += " (the same " + std::to_string(same_failures_) + " times in a row)";
  const Milliseconds delay = std::max(backoff_.failed(was_ready, now_), at_least);
  if (backoff_.spent()) {
    return fail(Cause::budget_spent, "gave up after " + std::to_string(backoff_.failures()) +
                                         " failures in a row (backoff.give_up_after); the last one: " + message);
  }
  explain(cause, std::move(message));
  if (!retrying_after_) retrying_after_ = cause;  // a refusal on the way to the restart is not what it follows
  if (delay.count() == 0) return wait_for_turn();
  leave_port_if_told();
  state_ = BackingOff{now_ + delay};
}

void Lifecycle::begin_stop(Stopping stopping) {
  // What a run that ended by itself has left behind has no claim to the whole grace.
  const Milliseconds grace =
      stopping.ended_by_itself ? std::min(config_->stop.timeout, Milliseconds{2'000}) : config_->stop.timeout;
  stopping.kill_at = now_ + grace;
  cancel_probe();
  explain(stopping.cause, stopping.message);
  state_ = std::move(stopping);
  effects_.push_back(SignalTree{config_->stop.signal});
}

// Nothing of the run is left: no process, no listener.
void Lifecycle::after_stop() {
  const Stopping stopping = std::get<Stopping>(std::exchange(state_, Idle{State::stopped}));
  if (!wanted_up_) {
    explain(Cause::stopped_by_user, "");
    return rest_at(State::stopped);
  }
  switch (stopping.next) {
    case AfterStop::down:
    case AfterStop::up: explain(std::nullopt, ""); return wait_for_turn();
    case AfterStop::failure: return after_failure(stopping);
    case AfterStop::conflict:
    case AfterStop::conflict_by_word: return next_port(stopping);
    case AfterStop::fail_for_good: return fail(stopping.cause, stopping.message);
    case AfterStop::unblocked:
      hold_wanted_ = false;
      return try_again_at_once(std::nullopt,
                               "it does not set SO_REUSEADDR: starting it again without the hold on its port");
  }
}

void Lifecycle::after_failure(const Stopping& stopping) {
  const bool stays_down =
      config_->restart == RestartPolicy::never ||
      (config_->restart == RestartPolicy::on_failure && stopping.was_ready && stopping.cause == Cause::clean_exit);
  if (!stays_down) return retry_later(stopping.cause, stopping.message, stopping.was_ready);
  explain(stopping.cause, stopping.message);
  rest_at(stopping.ended_by_itself ? State::exited : State::failed);
}

void Lifecycle::next_port(const Stopping& stopping) {
  ++port_conflicts_;
  const Port lost = *port_;
  const bool by_word = stopping.next == AfterStop::conflict_by_word;
  if (config_->fixed_port == lost) {
    if (by_word) return retry_later(Cause::port_conflict, stopping.message, false);
    return fail(Cause::fixed_port_held, "fixed port " + std::to_string(lost) + " is held by " +
                                            holder_or_stranger(stopping.holder) +
                                            "; end that process or choose another `port`");
  }
  if (by_word) {
    effects_.push_back(RestPort{lost});
  } else {
    effects_.push_back(CondemnPort{lost, "address already in use", stopping.holder});
  }
  port_.reset();
  last_port_.reset();
  if (leaves_port_) return wait_for_turn();  // another one is configured by now
  tried_.push_back(lost);
  if (config_->conflict.attempts != 0 && tried_.size() > config_->conflict.attempts) {
    return fail(Cause::port_conflict, std::to_string(tried_.size()) + " ports in a row were taken, the last of them " +
                                          std::to_string(lost) +
                                          (by_word ? " as it says" : " by " + holder_or_stranger(stopping.holder)) +
                                          "; move `range` in [ports] or raise conflict.attempts");
  }
  try_again_at_once(Cause::port_conflict, stopping.message + "; trying another port");
}

void Lifecycle::forget_series() {
  tried_.clear();
  silent_ends_ = 0;
  trying_ports_ = false;
}

void Lifecycle::explain(std::optional<Cause> cause, std::string message) {
  reason_ = cause;
  message_ = std::move(message);
}

void Lifecycle::report() {
  Report line{before_, state(), reason_, message_, port_, std::nullopt, same_failures_};
  if (const auto at = retry_at()) line.retry_in = std::chrono::ceil<Milliseconds>(*at - now_);
  effects_.push_back(std::move(line));
  reported_ = true;
}

}  // namespace berth::core
