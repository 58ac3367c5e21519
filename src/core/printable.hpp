#pragma once
// Words of another program, fit for JSON and for terminals.

#include <string>
#include <string_view>

namespace berth::core {

// Valid UTF-8 without control characters and without a terminal's escape sequences, whatever was said.
std::string printable(std::string_view line);

}  // namespace berth::core
