#pragma once
// How long to wait before a failed server is started again.

#include <berth/config.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

namespace berth::core {

using Instant = std::chrono::steady_clock::time_point;  // a point on a clock that no one can set

class Backoff {
 public:
  Backoff(const BackoffConfig& config, std::uint64_t seed) : config_(config), random_(seed) {}

  // Counts one failure and answers the delay before the next start: zero for a server that was ready and had no failure
  // within `reset_after`, else initial × factorⁿ, at most max, spread by jitter.
  Milliseconds failed(bool was_ready, Instant now);

  // From now on. What was counted stays counted.
  void reconfigure(const BackoffConfig& config) { config_ = config; }

  // It has been ready for `reset_after`, or a person asked for it: counters start anew.
  void reset();

  [[nodiscard]] unsigned failures() const { return failures_; }  // in a row
  [[nodiscard]] bool in_crashloop() const { return failures_ >= config_.crashloop_after && failures_ > 0; }
  [[nodiscard]] bool spent() const { return config_.give_up_after > 0 && failures_ >= config_.give_up_after; }
  [[nodiscard]] Milliseconds reset_after() const { return config_.reset_after; }

 private:
  double random_unit();

  BackoffConfig config_;
  std::uint64_t random_;
  unsigned failures_ = 0;
  unsigned delays_ = 0;  // delays given since the last reset, the first free restart not counted
  std::optional<Instant> last_failure_;
};

}  // namespace berth::core
