#pragma once
// Chance from a seed, and from nothing else: the same on every machine, which std::uniform_int_distribution is not.

#include <cstdint>
#include <initializer_list>

namespace berth::sim {

// splitmix64's finalizer (Steele, Lea, Flood 2014).
constexpr std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

// A seed for one purpose among many: what is drawn for one does not depend on what was drawn for another, so that a
// story stays the same when a part of it is taken out.
constexpr std::uint64_t seed_for(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  return mixed(mixed(mixed(mixed(seed + 1) + a + 1) + b + 1) + c + 1);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15ULL); }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((next() >> 32U) * n >> 32U); }
  std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  template <class Value>
  Value one_of(std::initializer_list<Value> values) {
    return values.begin()[below(static_cast<std::uint32_t>(values.size()))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace berth::sim
