// What is checked of a server that was ready, every `health.interval`, and what comes of it.
//
// With `health.probe = "http"` it is asked; with "listen", or once its listener was seen to be gone, the host looks for
// that. Either way one miss makes it unhealthy and `health.failures` in a row end it, where a miss is one that two
// signals agree on: its answer is not there and its processes do nothing about it (doubt_of), or its listener is gone
// from the kernel's own list. Nothing is ended with `health.probe = "none"`, and nothing checked with
// `ready.probe = "none"`: such a one need not listen.

#include <algorithm>
#include <string>
#include <utility>

#include "core/lifecycle.hpp"
#include "core/words.hpp"

namespace berth::core {

namespace {

// The first check of one that has just become ready comes after a part of the interval, of which this is the least.
constexpr double earliest_check = 0.1;
constexpr int steps_of_looks = 10;  // in an interval
constexpr double step_of_looks = 1.0 / steps_of_looks;

}  // namespace

Lifecycle::Check* Lifecycle::check() {
  if (auto* ready = std::get_if<Ready>(&state_)) return &ready->check;
  if (auto* unhealthy = std::get_if<Unhealthy>(&state_)) return &unhealthy->check;
  return nullptr;
}

const Lifecycle::Check* Lifecycle::check() const {
  if (const auto* ready = std::get_if<Ready>(&state_)) return &ready->check;
  if (const auto* unhealthy = std::get_if<Unhealthy>(&state_)) return &unhealthy->check;
  return nullptr;
}

Lifecycle::Check Lifecycle::first_check() const {
  const double latest_check = looks_only() ? 1.0 - step_of_looks : 1.0;
  const double part = earliest_check + (latest_check - earliest_check) * spread_;
  const auto delay = std::chrono::duration<double, std::milli>(config_->health.interval) * part;
  return {.next = in_step(now_ + std::chrono::ceil<Milliseconds>(delay))};
}

// A look at the listeners of this host does for all servers whose checks fall together, and wakes the processor once.
// Probes are better spread: each is work for the server that is asked.
bool Lifecycle::looks_only() const {
  return config_->health.probe == Probe::listen;
}

Instant Lifecycle::in_step(Instant time) const {
  if (!looks_only()) return time;
  const Instant::duration step = std::max(config_->health.interval / steps_of_looks, Milliseconds{1});
  const auto beyond = time.time_since_epoch() % step;
  return beyond == beyond.zero() ? time : time - beyond + step;
}

// Whether the time of the next check matters now.
bool Lifecycle::checks_time() const {
  const Check& now = *check();
  if (now.probing || now.looking) return false;
  if (config_->ready.probe == Probe::none) return false;  // nobody has said that it listens at all
  return now.lost || config_->health.probe != Probe::none;
}

void Lifecycle::tick_check(Check& check) {
  if (!checks_time() || now_ < check.next) return;
  // Never two for one: what was missed is not made good.
  check.next = std::max(check.next + config_->health.interval, now_ + config_->health.interval / 2);
  if (check.lost || looks_only()) {
    check.looking = true;
    effects_.push_back(LookForListeners{});
  } else {
    check.probing = true;
    effects_.push_back(StartProbe{.health = true});
  }
}

// Unasked for, when somebody has reason to believe that its listener has gone; and in answer to a look.
void Lifecycle::seen_when_ready(const ListenersSeen& event) {
  Check& now = *check();
  const bool asked = std::exchange(now.looking, false);
  if (config_->ready.probe == Probe::none) return;
  if (event.own_here) {
    const bool was_lost = std::exchange(now.lost, false);
    if (was_lost && now.answers) well_again();
    return;
  }
  const bool is_new = !std::exchange(now.lost, true);
  if (!is_new && !asked) return;
  std::string message = "no longer listens on port " + std::to_string(*port_);
  if (event.stranger_here) message += ", which " + holder_or_stranger(event.stranger) + " has taken";
  if (is_new) now.next = in_step(now_ + config_->health.interval);
  doubted(full_doubt, config_->health.probe != Probe::none, std::move(message));
}

void Lifecycle::answered_when_ready(const ProbePassed& event) {
  Check& now = *check();
  if (!std::exchange(now.probing, false)) return;
  now.answers = true;
  if (now.lost) return;  // somebody answers there, and it is not this one
  if (phase() == PhaseKind::unhealthy) return well_again();
  now.doubt = 0;
  if (event.note == message_) return;
  explain(std::nullopt, event.note);
  report();
}

void Lifecycle::silent_when_ready(const ProbeFailed& event) {
  Check& now = *check();
  if (!std::exchange(now.probing, false)) return;
  const unsigned doubt = doubt_of(event.fault, event.pulse);
  if (doubt > 0) now.answers = false;
  if (event.pulse == Pulse::traced) {
    // Whoever looks at it with a debugger does not want it to be ended for that.
    now.answers = false;
    return doubted(now.doubt < full_doubt ? full_doubt - now.doubt : 0, false, event.message);
  }
  doubted(doubt, true, event.message);
}

void Lifecycle::doubted(unsigned doubt, bool may_end, std::string message) {
  Check& now = *check();
  now.doubt += doubt;
  if (may_end && now.doubt >= full_doubt * config_->health.failures) {
    return begin_stop(Stopping{
        .next = AfterStop::failure, .was_ready = true, .cause = Cause::unhealthy, .message = std::move(message)});
  }
  if (auto* ready = std::get_if<Ready>(&state_); ready != nullptr && now.doubt >= full_doubt) {
    explain(Cause::unhealthy, std::move(message));
    const Unhealthy next{ready->since, ready->check};
    state_ = next;
    return;
  }
  const bool is_news = phase() == PhaseKind::ready && message_.empty();
  explain(phase() == PhaseKind::unhealthy ? std::optional(Cause::unhealthy) : std::nullopt, std::move(message));
  if (is_news) report();
}

void Lifecycle::well_again() {
  Check next = *check();
  next.doubt = 0;
  const auto* unhealthy = std::get_if<Unhealthy>(&state_);
  explain(std::nullopt, "");
  if (unhealthy != nullptr) state_ = Ready{.since = Instant(unhealthy->ready_since), .check = next};
}

void Lifecycle::cancel_probe() {
  auto* starting = std::get_if<Starting>(&state_);
  bool* probing = starting != nullptr ? &starting->probing : nullptr;
  if (Check* now = check()) probing = &now->probing;
  if (probing != nullptr && std::exchange(*probing, false)) effects_.push_back(CancelProbe{});
}

}  // namespace berth::core
