// RFC 3339 times and short durations ("1d2h30m"), to and from text.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tools.hpp"

namespace harbour {

// Years 0000 to 9999, any offset; a fraction beyond milliseconds is cut off.
std::optional<Instant> parse_time(std::string_view text);

// "Z", "+02:00", "-0530".
std::optional<std::chrono::minutes> parse_offset(std::string_view text);

// Units w d h m s ms, whole numbers, largest first or not, an optional sign in front; at most 10 000 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Always with three decimals; "Z" when the offset is zero.
std::string format_time(Instant time, std::chrono::minutes offset = std::chrono::minutes(0));

std::string format_duration(std::chrono::milliseconds duration);

// Whether format_time can write it, with any offset.
bool is_writable(Instant time);

std::string_view weekday_name(Instant time);

}  // namespace harbour
