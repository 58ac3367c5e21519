#pragma once
// Durations and sizes as people write them.

#include <berth/config.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::config {

// `250ms`, `1.5s`, `1m30s`: whole or decimal numbers, each with one of the units ms s m h d; rounded to the
// millisecond. Empty when it is anything else, or longer than 36500d.
std::optional<Milliseconds> parse_duration(std::string_view text);

// `10MiB`, `1.5GB`: a whole or decimal number with one of the units B KB MB GB (of 1000) KiB MiB GiB (of 1024);
// rounded to the byte. Empty when it is anything else, or more than 2^53 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The shortest text that parse_duration reads as `duration`, which is not negative.
std::string format_duration(Milliseconds duration);

}  // namespace berth::config
