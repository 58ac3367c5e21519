#include "core/one_life.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace berth::core::test {

void PortBook::claimed(Port port, std::optional<Port> preferred) {
  // The host drops the berth that it could not give again.
  if (preferred && *preferred != port) held_.erase(*preferred);
  held_.insert(port);
}

void PortBook::refused(std::optional<Port> preferred) {
  if (preferred) held_.erase(*preferred);
}

void PortBook::given_back(Port port, bool process_lives) {
  if (held_.erase(port) == 0) mistakes_.push_back("gave back " + std::to_string(port) + ", which it did not have");
  if (process_lives) mistakes_.push_back("gave back " + std::to_string(port) + " while a process lives");
}

std::shared_ptr<const ServerConfig> plain_config(const Change& change) {
  ServerConfig config;
  config.name = "web";
  config.command = "web";
  config.backoff.jitter = 0;
  if (change) change(config);
  return std::make_shared<const ServerConfig>(std::move(config));
}

OneLife::OneLife(const Change& change, bool hold) : life_(plain_config(change), hold, 1) {}

void OneLife::send(const Event& event) {
  if (std::holds_alternative<Launched>(event)) {
    process_lives_ = true;
    seen_ = {};
  }
  if (const auto* ended = std::get_if<Ended>(&event); ended != nullptr && !ended->tree_left) process_lives_ = false;
  if (std::holds_alternative<Cleared>(event)) process_lives_ = false;
  for (const Effect& effect : life_.on(event, now_)) perform(effect);
  if (sending_) return;
  sending_ = true;
  for (int steps = 0; !answers_.empty() || (gives_turns && state() == State::waiting); ++steps) {
    if (steps > 10'000) throw std::runtime_error("host and lifecycle answer each other for ever");
    if (answers_.empty()) answers_.emplace_back(Proceed{});
    const Event answer = answers_.front();
    answers_.erase(answers_.begin());
    send(answer);
  }
  sending_ = false;
}

void OneLife::perform(const Effect& effect) {
  effects_.push_back(effect);
  if (const auto* claim = std::get_if<ClaimPort>(&effect)) {
    if (answers_claims) answer(*claim);
  } else if (std::holds_alternative<Launch>(effect)) {
    if (launch_error) {
      answers_.emplace_back(*launch_error);
    } else if (answers_launches) {
      answers_.emplace_back(Launched{});
    }
  } else if (std::holds_alternative<LookForListeners>(effect)) {
    if (answers_looks) answers_.emplace_back(seen_);
  } else if (const auto* release = std::get_if<ReleasePort>(&effect)) {
    book_.given_back(release->port, process_lives_);
  } else if (const auto* condemn = std::get_if<CondemnPort>(&effect)) {
    book_.given_back(condemn->port, process_lives_);
  } else if (const auto* rest = std::get_if<RestPort>(&effect)) {
    book_.given_back(rest->port, process_lives_);
  }
}

void OneLife::answer(const ClaimPort& claim) {
  if (refusal) {
    book_.refused(claim.prefer);
    answers_.emplace_back(*refusal);
    return;
  }
  const Port port = claim.prefer ? *claim.prefer : next_port_++;
  book_.claimed(port, claim.prefer);
  answers_.emplace_back(PortClaimed{port});
}

void OneLife::pass(Milliseconds time) {
  const Instant end = now_ + time;
  for (int ticks = 0; life_.deadline() && *life_.deadline() <= end; ++ticks) {
    if (ticks > 10'000) throw std::runtime_error("the deadline stays in the past: a hot loop");
    now_ = std::max(now_, *life_.deadline());
    send(Tick{});
  }
  now_ = end;
}

void OneLife::sees(const ListenersSeen& seen) {
  seen_ = seen;
  send(seen);
}

void OneLife::becomes_ready() {
  listens();
  pass(500ms);
  probe_passes();
}

void OneLife::ends(int code) {
  ends(Ended{.status = {.code = code}, .holder = life_.holds_port() ? Holder::own_hold : Holder::nobody});
}

void OneLife::is_killed(int signal) {
  ends(Ended{.status = {.signal = signal}, .holder = life_.holds_port() ? Holder::own_hold : Holder::nobody});
}

void OneLife::ends(const Ended& ended) {
  send(ended);
}

std::string OneLife::cause() const {
  return life_.reason() ? std::string(to_string(*life_.reason())) : "";
}

std::string OneLife::last_cause() const {
  return life_.last_exit() ? std::string(to_string(life_.last_exit()->cause)) : "";
}

Milliseconds OneLife::retry_in() const {
  if (!life_.retry_at()) return Milliseconds{-1};
  return std::chrono::duration_cast<Milliseconds>(*life_.retry_at() - now_);
}

}  // namespace berth::core::test
