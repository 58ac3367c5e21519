#pragma once
// What a state means for the person who asks: why it is so, what comes next, what to do. Whole sentences, in plain
// words. Pure.

#include <berth/config.hpp>
#include <berth/status.hpp>
#include <optional>
#include <string>

#include "core/cause.hpp"
#include "core/lifecycle.hpp"

namespace berth::app {

struct Situation {
  const ServerConfig& config;
  const ServerStatus& status;
  core::State state = core::State::stopped;
  std::optional<core::Cause> cause;
  std::string message;                       // of the lifecycle, redacted
  std::optional<Milliseconds> kill_in;       // until SIGKILL, while it is being stopped
  std::optional<Milliseconds> give_up_in;    // until `ready.timeout`, while it starts
  std::string answer;                        // of the last probe; empty: it was not asked
  std::string log;                           // its log file
  core::Pulse pulse = core::Pulse::unknown;  // of its processes, when the last probe failed
};

std::string why(const Situation& it);
std::string next(const Situation& it);
std::string advice(const Situation& it);

// "0.4 s", "14 s", "3 min": for sentences.
std::string roughly(Milliseconds time);

}  // namespace berth::app
