// How the tests speak to a tool set: a tool's name and its arguments as JSON text.
#pragma once

#include <stdexcept>

#include "tools.hpp"

namespace harbour {

// 2026-11-21 10:00:00.250 UTC, a Saturday.
inline Instant test_instant() {
  return std::chrono::sys_days(std::chrono::days(20778)) + std::chrono::hours(10) + std::chrono::milliseconds(250);
}

inline ToolResult run(const ToolSet& set, std::string_view tool, std::string_view arguments) {
  for (const auto& candidate : set.tools) {
    if (candidate.name == tool) return call(candidate, json::parse(arguments).as_object());
  }
  throw std::runtime_error("no such tool");
}

}  // namespace harbour
