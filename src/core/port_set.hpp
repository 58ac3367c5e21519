#pragma once
// A set of ports that answers "the lowest member not below n" in three look-ups: a bitmap of 65536 bits with two
// summary levels of 64 to 1 above it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace berth::core {

class PortSet {
 public:
  void insert(std::uint16_t port);
  void erase(std::uint16_t port);
  [[nodiscard]] bool contains(std::uint16_t port) const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::optional<std::uint16_t> lowest_from(std::uint32_t from) const;

 private:
  using Word = std::uint64_t;
  std::array<Word, 1024> bits_{};
  std::array<Word, 16> words_{};  // bit i: bits_[i] is not zero
  Word blocks_ = 0;               // bit i: words_[i] is not zero
  std::size_t size_ = 0;
};

}  // namespace berth::core
