#include "core/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace berth::core {

Milliseconds Backoff::failed(bool was_ready, Instant now) {
  const bool first_in_a_while = !last_failure_ || now - *last_failure_ >= config_.reset_after;
  last_failure_ = now;
  ++failures_;
  if (was_ready && first_in_a_while) return Milliseconds{0};

  const double ceiling = static_cast<double>(config_.max.count());
  const double grown = static_cast<double>(config_.initial.count()) * std::pow(config_.factor, delays_);
  if (grown <= 0.0)
    return Milliseconds{0};        // the power would overflow in the end, and zero times infinity is no number
  if (grown < ceiling) ++delays_;  // past the ceiling likewise
  const double spread = 1.0 + config_.jitter * (2.0 * random_unit() - 1.0);
  return Milliseconds{static_cast<Milliseconds::rep>(std::min(std::min(grown, ceiling) * spread, ceiling))};
}

void Backoff::reset() {
  failures_ = 0;
  delays_ = 0;
  last_failure_.reset();
}

// splitmix64 (Steele, Lea, Flood 2014): the same seed gives the same delays, which is what a simulation needs.
double Backoff::random_unit() {
  random_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

}  // namespace berth::core
