#pragma once
// A steady time that stands still while nobody is there to see it.
//
// When a virtual machine was paused or a process frozen (SIGSTOP, cgroup.freeze), its servers stood still too or were
// out of sight, yet by the clock an hour has passed: every timeout would be over at once, servers that are fine would
// be killed for having started "too slowly", and all that waits would start in one storm. So when something was due and
// nobody came, the whole time since anybody was seen is left out. (CLOCK_MONOTONIC does not count the suspend of a
// machine; it does count these.)

#include <algorithm>

#include "core/backoff.hpp"

namespace berth::core {

class AttendedTime {
 public:
  // What is due is served this late on a busy machine; later means that nobody was there.
  static constexpr Milliseconds longest_delay{1'000};

  // The attended time at this steady time. `due`: the attended time at which something was to be done next.
  Instant at(Instant steady, std::optional<Instant> due) {
    const Instant time = steady - missed_;
    // A deadline that was cut short is due since then, not since a time before.
    const Instant since = due ? std::max(*due, last_) : time;
    if (time <= since + longest_delay) return last_ = time;
    // The same thing late once more: this machine is slow, not asleep. It is served now, or it never would be.
    if (forgiven_ == due) last_ = since;
    forgiven_ = due;
    missed_ += time - last_;
    return last_;
  }

  [[nodiscard]] Instant steady(Instant attended) const { return attended + missed_; }
  [[nodiscard]] Instant::duration missed() const { return missed_; }

 private:
  Instant::duration missed_{0};
  Instant last_{};                   // that anybody was seen
  std::optional<Instant> forgiven_;  // was due when nobody came
};

}  // namespace berth::core
