#pragma once
// Signals by name.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::config {

// `SIGTERM`, `TERM`, `term`; empty when there is no such signal.
std::optional<int> signal_number(std::string_view name);

// `SIGTERM`; `signal 63` for one without a name.
std::string signal_name(int number);

// All of them, with their SIG.
std::span<const std::string_view> signal_names();

}  // namespace berth::config
