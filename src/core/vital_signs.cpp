#include "core/vital_signs.hpp"

namespace berth::core {

std::string_view to_string(Pulse pulse) {
  switch (pulse) {
    case Pulse::unknown: return "unknown";
    case Pulse::idle: return "idle";
    case Pulse::busy: return "busy";
    case Pulse::blocked: return "blocked";
    case Pulse::starved: return "starved";
    case Pulse::stopped: return "stopped";
    case Pulse::traced: return "traced";
  }
  return "?";
}

Pulse pulse_between(const VitalSigns& before, const VitalSigns& after) {
  if (!after.known) return Pulse::unknown;
  if (after.traced) return Pulse::traced;
  if (after.stopped) return Pulse::stopped;
  if (!before.known || after.at <= before.at) return Pulse::unknown;
  const auto share = [&](std::chrono::nanoseconds then, std::chrono::nanoseconds now) {
    return std::chrono::duration<double>(now - then) / std::chrono::duration<double>(after.at - before.at);
  };
  if (share(before.ran, after.ran) >= share_of_the_busy) return Pulse::busy;
  if (share(before.waited, after.waited) >= share_of_the_starved) return Pulse::starved;
  if (before.blocked && after.blocked) return Pulse::blocked;
  return Pulse::idle;
}

unsigned doubt_of(ProbeFault fault, Pulse pulse) {
  if (pulse == Pulse::starved || pulse == Pulse::traced) return 0;
  if (pulse == Pulse::stopped) return full_doubt;
  return fault != ProbeFault::broken && pulse == Pulse::idle ? full_doubt : 1;
}

}  // namespace berth::core
