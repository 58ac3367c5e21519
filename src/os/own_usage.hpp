#pragma once
// What this very process uses.

#include <cstdint>
#include <optional>

namespace berth::os {

// What cannot be read is empty.
struct OwnUsage {
  double cpu_s = 0;  // of all threads
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<std::uint64_t> open_descriptors;
  std::optional<std::uint64_t> most_descriptors;  // empty also when there is no limit
  std::optional<double> started_at;               // Unix time, seconds
};
OwnUsage own_usage();

}  // namespace berth::os
