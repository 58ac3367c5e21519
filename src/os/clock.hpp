#pragma once
// The wall clock, for display only. Every delay is measured on std::chrono::steady_clock.

#include <chrono>
#include <cstdint>
#include <string>

namespace berth::os {

// RFC 3339 in UTC with milliseconds: 2026-11-21T10:00:00.123Z.
std::string timestamp(std::chrono::system_clock::time_point time = std::chrono::system_clock::now());

// Unix milliseconds.
std::int64_t wall_ms(std::chrono::system_clock::time_point time = std::chrono::system_clock::now());

}  // namespace berth::os
