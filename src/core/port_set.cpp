#include "core/port_set.hpp"

#include <bit>

namespace berth::core {

namespace {

constexpr std::uint64_t bit(std::uint32_t index) {
  return std::uint64_t{1} << (index % 64);
}

// The lowest set bit of `word` that is not below `from`; 64 when there is none.
unsigned lowest_bit_from(std::uint64_t word, unsigned from) {
  if (from >= 64) return 64;
  return static_cast<unsigned>(std::countr_zero(word & (~std::uint64_t{0} << from)));
}

}  // namespace

void PortSet::insert(std::uint16_t port) {
  if (contains(port)) return;
  const std::uint32_t word = port / 64U;
  bits_[word] |= bit(port);
  words_[word / 64] |= bit(word);
  blocks_ |= bit(word / 64);
  ++size_;
}

void PortSet::erase(std::uint16_t port) {
  if (!contains(port)) return;
  const std::uint32_t word = port / 64U;
  bits_[word] &= ~bit(port);
  if (bits_[word] == 0) words_[word / 64] &= ~bit(word);
  if (words_[word / 64] == 0) blocks_ &= ~bit(word / 64);
  --size_;
}

bool PortSet::contains(std::uint16_t port) const {
  return (bits_[port / 64U] & bit(port)) != 0;
}

std::optional<std::uint16_t> PortSet::lowest_from(std::uint32_t from) const {
  if (from > 65535) return std::nullopt;
  const std::uint32_t word = from / 64;
  if (const unsigned found = lowest_bit_from(bits_[word], from % 64); found < 64) {
    return static_cast<std::uint16_t>(word * 64 + found);
  }
  const std::uint32_t block = word / 64;
  std::uint32_t next = block * 64 + lowest_bit_from(words_[block], word % 64 + 1);
  if (next == block * 64 + 64) {
    const unsigned later = lowest_bit_from(blocks_, block + 1);
    if (later == 64) return std::nullopt;
    next = later * 64 + lowest_bit_from(words_[later], 0);
  }
  return static_cast<std::uint16_t>(next * 64 + lowest_bit_from(bits_[next], 0));
}

}  // namespace berth::core
