#pragma once
// All randomness of a run, from one seed.

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace chaos {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : source_(seed) {}

  // From `low` to `high`, both included.
  int between(int low, int high) {
    // Not std::uniform_int_distribution: a seed means the same with every standard library.
    return low + static_cast<int>(source_() % (static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }

  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(between(0, static_cast<int>(list.size()) - 1))];
  }

  // The index of one of the weights.
  std::size_t weighted(const std::vector<int>& weights) {
    int sum = 0;
    for (const int weight : weights) sum += weight;
    int at = between(1, sum);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      at -= weights[i];
      if (at <= 0) return i;
    }
    return weights.size() - 1;
  }

 private:
  std::mt19937_64 source_;
};

}  // namespace chaos
