#pragma once
// Words of another program, fit for JSON and for terminals.

#include <string>
#include <string_view>

namespace berth::core {

// Valid UTF-8 without control characters, without a terminal's escape sequences, and without the characters that turn
// the direction of what stands beside them (a line of ours would read as something else), whatever was said.
std::string printable(std::string_view line);

}  // namespace berth::core
