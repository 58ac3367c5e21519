// One run of a server: from the launch through readiness to the verdict on its end.

#include <algorithm>
#include <utility>

#include "core/lifecycle.hpp"
#include "core/words.hpp"

namespace berth::core {

namespace {

constexpr Milliseconds first_probe_pause{250};
constexpr Milliseconds longest_probe_pause{2'000};
constexpr Milliseconds between_kills{1'000};  // a process that was being forked can escape one

std::string on_port(Port port) {
  return "port " + std::to_string(port);
}

std::string ignores_port(Port elsewhere, Port berth) {
  return "listens on " + std::to_string(elsewhere) + ", not on its berth " + std::to_string(berth) +
         ": it ignores PORT; try args = [\"--port\", \"{port}\"]";
}

// It told a success that was none.
std::string said_and_ended(const Ended& ended) {
  if (ended.said_listening.empty()) return {};
  return "said \"" + ended.said_listening + "\" and " + describe(ended.status) + ": ";
}

}  // namespace

// ---- launch
// -----------------------------------------------------------------------------------------------------------

void Lifecycle::handle(const Launched&) {
  if (phase() != PhaseKind::launching) return;
  ++starts_;
  if (const auto after = std::exchange(retrying_after_, std::nullopt)) {
    ++restarts_;
    ++restarts_after_[static_cast<std::size_t>(*after)];
  }
  time_to_ready_.reset();
  explain(std::nullopt, "");
  state_ = Starting{.since = now_};
  report();
  if (!wanted_up_) begin_stop(Stopping{});
}

void Lifecycle::handle(const NotLaunched& event) {
  if (phase() != PhaseKind::launching) return;
  if (!wanted_up_) {
    explain(Cause::stopped_by_user, "");
    return rest_at(State::stopped);
  }
  if (event.cause == Cause::spawn_failed) return retry_later(event.cause, event.message, false, shortest_retry);
  fail(event.cause, event.message);
}

// ---- while it lives
// -----------------------------------------------------------------------------------------------------

void Lifecycle::handle(const ListenersSeen& event) {
  if (auto* starting = std::get_if<Starting>(&state_)) {
    starting->seen = event;
    starting->looking = false;
    if (event.own_here) {
      starting->had_listened = true;
      if (!starting->listening_since) starting->listening_since = now_;
    } else {
      starting->listening_since.reset();
      starting->answered = false;
      if (std::exchange(starting->probing, false)) effects_.push_back(CancelProbe{});
    }
    if (!event.stranger_here) starting->stranger_since.reset();
    if (event.stranger_here && !starting->stranger_since) starting->stranger_since = now_;
    judge_starting();
  } else if (check() != nullptr) {
    seen_when_ready(event);
  }
}

void Lifecycle::handle(const SaidTaken&) {
  auto* starting = std::get_if<Starting>(&state_);
  if (starting == nullptr || starting->said_taken_at) return;
  starting->said_taken_at = now_;
  judge_starting();
}

void Lifecycle::judge_starting() {
  auto& starting = std::get<Starting>(state_);
  const bool stranger = starting.seen.stranger_here;
  const auto since = stranger ? starting.stranger_since : starting.said_taken_at;
  const Milliseconds patience = stranger || !hold_ ? patience_with_stranger : patience_with_words;
  const Evidence evidence{
      .holder = stranger ? Holder::stranger : (hold_ ? Holder::own_hold : Holder::nobody),
      .said_taken = starting.said_taken_at.has_value(),
      .had_listened = starting.had_listened && !stranger,
      .elsewhere = starting.seen.own_elsewhere.has_value() && config_->ready.probe != Probe::none,
      .patience_over = since && now_ - *since >= patience,
  };
  const std::string held_by = on_port(*port_) + " is held by " + holder_or_stranger(starting.seen.stranger);
  switch (judge(evidence)) {
    case Verdict::foreign_listener: return explain(Cause::foreign_listener, held_by);
    case Verdict::wrong_port: return explain(Cause::wrong_port, ignores_port(*starting.seen.own_elsewhere, *port_));
    case Verdict::conflict: {
      Stopping stop{.next = AfterStop::conflict, .cause = Cause::port_conflict, .holder = starting.seen.stranger};
      stop.message = held_by + (starting.seen.own_elsewhere
                                    ? "; the server had moved to " + std::to_string(*starting.seen.own_elsewhere)
                                    : std::string{});
      return begin_stop(std::move(stop));
    }
    case Verdict::blocked_by_hold:
      return begin_stop(Stopping{.next = AfterStop::unblocked,
                                 .cause = Cause::port_conflict,
                                 .message = "it cannot bind " + on_port(*port_) + " beside the hold on it"});
    case Verdict::conflict_by_word:
      return begin_stop(Stopping{.next = AfterStop::conflict_by_word,
                                 .cause = Cause::port_conflict,
                                 .message = "said that " + on_port(*port_) + " is taken, and goes on without it"});
    default: break;
  }
  if (starting.seen.own_here || config_->ready.probe == Probe::none) return settled(starting);
  explain(starting.had_listened ? std::optional(Cause::not_listening) : std::nullopt,
          starting.had_listened ? "listened on " + on_port(*port_) + " and stopped" : starting.seen.note);
}

// Asked again at every look: goes on once the listener has lived for `ready.settle`.
void Lifecycle::settled(Starting& starting) {
  const Instant since = config_->ready.probe == Probe::none ? starting.since : *starting.listening_since;
  if (starting.probes_failed == 0) explain(std::nullopt, "");
  if (now_ < since + config_->ready.settle) return;
  if (starting.probing) {
    if (config_->ready.probe != Probe::none) return;
    cancel_probe();  // the configuration has changed: nobody is to be asked
  }
  if (config_->ready.probe == Probe::none || config_->ready.probe == Probe::listen || starting.answered) {
    return became_ready(starting);
  }
  if (starting.next_probe && now_ < *starting.next_probe) return;
  starting.probing = true;
  effects_.push_back(StartProbe{});
}

void Lifecycle::handle(const ProbePassed& event) {
  if (check() != nullptr) return answered_when_ready(event);
  auto* starting = std::get_if<Starting>(&state_);
  if (starting == nullptr || !std::exchange(starting->probing, false)) return;
  starting->answered = true;
  starting->note = event.note;
  starting->looking = true;
  effects_.push_back(LookForListeners{});
}

void Lifecycle::handle(const ProbeFailed& event) {
  if (check() != nullptr) return silent_when_ready(event);
  auto* starting = std::get_if<Starting>(&state_);
  if (starting == nullptr || !std::exchange(starting->probing, false)) return;
  const auto pause = first_probe_pause * (1U << std::min(starting->probes_failed, 3U));
  ++starting->probes_failed;
  starting->next_probe = now_ + std::min<Milliseconds>(pause, longest_probe_pause);
  explain(Cause::probe_failed, event.message);
}

void Lifecycle::became_ready(const Starting& starting) {
  time_to_ready_ = std::chrono::duration_cast<Milliseconds>(now_ - starting.since);
  if (!hold_) hold_wanted_ = false;  // this server is one that cannot live beside a hold: remembered
  forget_series();
  explain(std::nullopt, starting.note);
  state_ = Ready{.since = now_, .check = first_check()};
}

// ---- time
// -------------------------------------------------------------------------------------------------------------

std::optional<Instant> Lifecycle::deadline() const {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (const auto* starting = std::get_if<Starting>(&state_)) {
    consider(starting->since + config_->ready.timeout);
    if (config_->ready.probe == Probe::none && !starting->stranger_since) {
      consider(starting->since + config_->ready.settle);
    }
    if (starting->listening_since && !starting->probing && !starting->looking) {
      const Instant settled_at = *starting->listening_since + config_->ready.settle;
      consider(starting->next_probe ? std::max(*starting->next_probe, settled_at) : settled_at);
    }
    if (starting->stranger_since) {
      consider(*starting->stranger_since + patience_with_stranger);
    } else if (starting->said_taken_at && !starting->had_listened && (hold_ || !starting->seen.own_elsewhere)) {
      consider(*starting->said_taken_at + (hold_ ? patience_with_words : patience_with_stranger));
    }
  } else if (const auto* ready = std::get_if<Ready>(&state_)) {
    if (backoff_.failures() > 0) consider(ready->since + backoff_.reset_after());
    if (checks_time()) consider(ready->check.next);
  } else if (const auto* unhealthy = std::get_if<Unhealthy>(&state_)) {
    if (checks_time()) consider(unhealthy->check.next);
  } else if (const auto* backing_off = std::get_if<BackingOff>(&state_)) {
    consider(backing_off->retry_at);
  } else if (const auto* stopping = std::get_if<Stopping>(&state_)) {
    consider(stopping->kill_at);
  }
  return next;
}

void Lifecycle::handle(const Tick&) {
  if (auto* starting = std::get_if<Starting>(&state_)) {
    tick_starting(*starting);
  } else if (auto* ready = std::get_if<Ready>(&state_)) {
    if (now_ - ready->since >= backoff_.reset_after()) {
      backoff_.reset();
      last_failure_.reset();
    }
    tick_check(ready->check);
  } else if (auto* unhealthy = std::get_if<Unhealthy>(&state_)) {
    tick_check(unhealthy->check);
  } else if (const auto* backing_off = std::get_if<BackingOff>(&state_)) {
    if (now_ >= backing_off->retry_at) wait_for_turn();
  } else if (auto* stopping = std::get_if<Stopping>(&state_)) {
    tick_stopping(*stopping);
  }
}

void Lifecycle::tick_starting(Starting& starting) {
  if (now_ >= starting.since + config_->ready.timeout) return start_took_too_long(starting);
  if (starting.listening_since && config_->ready.probe != Probe::none) {
    starting.looking = true;
    effects_.push_back(LookForListeners{});  // what was seen a while ago proves nothing now
  } else {
    judge_starting();
  }
}

void Lifecycle::start_took_too_long(const Starting& starting) {
  const std::string limit = std::to_string(config_->ready.timeout.count()) + " ms (ready.timeout)";
  Stopping stop{.next = AfterStop::failure};
  if (starting.seen.stranger_here) {
    stop.next = AfterStop::conflict;
    stop.cause = Cause::port_conflict;
    stop.holder = starting.seen.stranger;
    stop.message = on_port(*port_) + " is held by " + holder_or_stranger(starting.seen.stranger);
  } else if (starting.seen.own_elsewhere && !starting.seen.own_here) {
    stop.next = AfterStop::fail_for_good;
    stop.cause = Cause::wrong_port;
    stop.message = ignores_port(*starting.seen.own_elsewhere, *port_);
  } else if (starting.said_taken_at && !starting.had_listened) {
    stop.next = hold_ ? AfterStop::unblocked : AfterStop::conflict_by_word;
    stop.cause = Cause::port_conflict;
    stop.message = "said that " + on_port(*port_) + " is taken, and did not listen within " + limit;
  } else if (starting.seen.own_here && (starting.probes_failed > 0 || starting.probing)) {
    stop.cause = Cause::probe_failed;
    stop.message = (message_.empty() ? "listens but does not answer" : message_) + "; not ready within " + limit;
  } else if (starting.had_listened || config_->ready.probe == Probe::none) {
    stop.cause = Cause::start_timeout;
    stop.message = "not ready within " + limit;
    if (starting.had_listened && !starting.seen.own_here) {
      stop.message = "listened on " + on_port(*port_) + " and stopped; " + stop.message;
    }
  } else {
    stop.cause = Cause::not_listening;
    stop.message = "did not listen on " + on_port(*port_) + " within " + limit +
                   (starting.seen.note.empty() ? "" : ": " + starting.seen.note);
  }
  begin_stop(std::move(stop));
}

void Lifecycle::tick_stopping(Stopping& stopping) {
  if (now_ < stopping.kill_at) return;
  stopping.killed = true;
  stopping.kill_at = now_ + between_kills;
  effects_.push_back(KillTree{});
}

// ---- the end
// ------------------------------------------------------------------------------------------------------------

void Lifecycle::handle(const Ended& event) {
  switch (phase()) {
    case PhaseKind::starting: return judge_end(event, Phase::before_ready, std::get<Starting>(state_).had_listened);
    case PhaseKind::ready:
    case PhaseKind::unhealthy: return judge_end(event, Phase::after_ready, true);
    case PhaseKind::stopping: {
      const auto& stopping = std::get<Stopping>(state_);
      last_exit_ =
          LastExit{event.status, stopping.cause, stopping.message.empty() ? describe(event.status) : stopping.message};
      return leader_gone(event);
    }
    default: return;
  }
}

void Lifecycle::judge_end(const Ended& ended, Phase phase, bool had_listened) {
  const Evidence evidence{.phase = phase,
                          .ended = ended.status,
                          .holder = ended.holder,
                          .said_taken = ended.said_taken,
                          .had_listened = had_listened};
  const Verdict verdict = judge(evidence);
  count_silent_end(ended, verdict);

  Stopping stop{.next = AfterStop::failure,
                .was_ready = phase == Phase::after_ready,
                .ended_by_itself = true,
                .cause = ended.status.out_of_memory ? Cause::oom_killed : Cause::crash,
                .message = describe(ended.status),
                .holder = ended.holder_name};
  if (phase == Phase::before_ready) stop.message += " before it was ready";
  switch (verdict) {
    case Verdict::conflict:
      stop.next = AfterStop::conflict;
      stop.cause = Cause::port_conflict;
      stop.message = said_and_ended(ended) + on_port(*port_) + " is held by " + holder_or_stranger(ended.holder_name);
      break;
    case Verdict::conflict_by_word:
      stop.next = AfterStop::conflict_by_word;
      stop.cause = Cause::port_conflict;
      stop.message = "said that " + on_port(*port_) + " is taken";
      break;
    case Verdict::blocked_by_hold:
      stop.next = AfterStop::unblocked;
      stop.cause = Cause::port_conflict;
      stop.message = "it cannot bind " + on_port(*port_) + " beside the hold on it";
      break;
    case Verdict::not_listening:
      stop.cause = Cause::not_listening;
      stop.message = !ended.said_listening.empty()
                         ? "said \"" + ended.said_listening + "\" and ended with code 0 without listening"
                         : "ended with code 0 without listening: a stdio server, or its HTTP flag is missing";
      break;
    case Verdict::clean_exit: stop.cause = Cause::clean_exit; break;
    default: break;
  }
  if (ended.limit && (stop.cause == Cause::crash || stop.cause == Cause::oom_killed)) {
    stop.cause = ended.limit->cause;
    stop.message += "; it " + ended.limit->words;
  }
  if (stop.cause == Cause::crash && ended.other_port_taken && phase == Phase::before_ready) {
    stop.message += ": it wanted port " + std::to_string(*ended.other_port_taken) + ", which is taken, not its berth " +
                    std::to_string(*port_) + ": it ignores PORT; try args = [\"--port\", \"{port}\"]";
  }
  last_exit_ = LastExit{ended.status, stop.cause, stop.message};

  cancel_probe();
  if (ended.tree_left) {
    stop.leader_gone = true;
    return begin_stop(std::move(stop));
  }
  state_ = std::move(stop);
  after_stop();
}

void Lifecycle::count_silent_end(const Ended& ended, Verdict verdict) {
  const bool silent = (verdict == Verdict::crash || verdict == Verdict::not_listening) &&
                      std::holds_alternative<Starting>(state_) && !std::get<Starting>(state_).had_listened &&
                      !ended.other_port_taken;
  silent_ends_ = silent ? silent_ends_ + 1 : 0;
}

void Lifecycle::leader_gone(const Ended& ended) {
  std::get<Stopping>(state_).leader_gone = true;
  if (!ended.tree_left) return after_stop();
  // What has left the leader's group was not reached by the first signal.
  if (!std::get<Stopping>(state_).killed) effects_.push_back(SignalTree{config_->stop.signal});
}

void Lifecycle::handle(const Cleared&) {
  const auto* stopping = std::get_if<Stopping>(&state_);
  if (stopping != nullptr && stopping->leader_gone) after_stop();
}

}  // namespace berth::core
