#pragma once
// A point in time as on the command line: a duration before now (10m; a bare number is seconds), or an RFC 3339 time
// (2026-11-21T10:00:00Z, 2026-11-21T11:00:00.5+01:00; a date alone is its first moment, without an offset it is UTC).

#include <chrono>
#include <optional>
#include <string>

namespace berth::cli {

std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_time(const std::string& text);

// A CLI11 validator.
std::string check_moment(const std::string& text);
// As logs tell time: 2026-11-21T10:00:00.000Z.
std::string to_moment(const std::string& text);

}  // namespace berth::cli
