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
  ThreadTimes meanwhile;
  for (const auto& [id, now] : after.threads) {
    const auto then = before.threads.find(id);
    meanwhile.ran += now.ran - (then != before.threads.end() ? then->second.ran : std::chrono::nanoseconds{0});
    meanwhile.waited += now.waited - (then != before.threads.end() ? then->second.waited : std::chrono::nanoseconds{0});
  }
  const std::chrono::duration<double> time = after.at - before.at;
  if (meanwhile.ran >= time * share_of_the_busy) return Pulse::busy;
  if (meanwhile.waited >= time * share_of_the_starved) return Pulse::starved;
  if (before.blocked && after.blocked) return Pulse::blocked;
  return Pulse::idle;
}

unsigned doubt_of(ProbeFault fault, Pulse pulse) {
  if (fault == ProbeFault::unasked || pulse == Pulse::starved || pulse == Pulse::traced) return 0;
  if (pulse == Pulse::stopped) return full_doubt;
  return fault != ProbeFault::broken && pulse == Pulse::idle ? full_doubt : 1;
}

}  // namespace berth::core
